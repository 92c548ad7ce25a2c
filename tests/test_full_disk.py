"""A disk that fills at any write: a clear error, no env step after it, every earlier row intact, and the run goes on."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress

import pytest
from disks import small_disk, small_files
from labs import START, STRONG, lab_in, play_here, tried

from fastheur import database, evaluate, evaluation
from fastheur.drafts import write_whole
from fastheur.engine import Engine
from fastheur.errors import ConfigError, LedgerError
from fastheur.learning import resume
from fastheur.ledger_check import check
from fastheur.ledger_repair import repair
from fastheur.meter import StepMeter, read_meter
from fastheur.run_files import write_files
from fastheur.runs import Run


@pytest.fixture(params=["disk", "files"])
def disk(request, tmp_path):
    """A disk that can be filled up."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with (small_disk if request.param == "disk" else small_files)(folder) as found:
        yield found


@pytest.fixture
def taken(monkeypatch):
    """What was charged in this process: ``steps``, and their number at each error of the ledger."""

    class Taken:
        steps, errors = 0, []

    real = Engine.charge

    def charge(self, steps):
        real(self, steps)
        Taken.steps += steps

    class Noted(LedgerError):
        def __init__(self, message):
            super().__init__(message)
            Taken.errors.append(Taken.steps)

    monkeypatch.setattr(Engine, "charge", charge)
    monkeypatch.setattr(database, "LedgerError", Noted)
    Taken.errors = []
    return Taken


@pytest.fixture
def played_here(monkeypatch):
    """Trials take no time."""
    play_here(monkeypatch)


def rows(path, query):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def mere_ends(path):
    """A check finds nothing, or what a crash leaves."""
    return all(finding.kind in ("cut off", "note") for finding in check(path).findings)


def test_an_evaluation_on_a_disk_that_fills_at_any_write(disk, taken, random_kernel, monkeypatch):
    monkeypatch.setattr(evaluation, "LEDGER_SECONDS", 0.0)
    path = disk.path / "ledger.db"
    settings = {"params": {"n": 2}, "ledger": path, "slots": 4}
    evaluate(random_kernel, "CartPole-v1", episodes=20, **settings)
    said = set()
    for pages in (*range(0, 22, 2), 26, 40, 100, 400):
        taken.errors.clear()
        trials, episodes = rows(path, "SELECT * FROM trials"), rows(path, "SELECT * FROM episodes")
        disk.leave(pages)
        try:
            evaluate(random_kernel, "CartPole-v1", episodes=20, **settings)
            said.add("done")
        except LedgerError as error:
            said.add(str(error).split(" in the ledger")[0])
            assert any(word in str(error) for word in ("the disk is full", "the disk refuses", "free space")), error
            assert taken.errors[0] == taken.steps
        disk.clear()
        assert mere_ends(path)
        assert rows(path, "SELECT * FROM trials")[: len(trials)] == trials
        assert rows(path, "SELECT * FROM episodes")[: len(episodes)] == episodes
        running = rows(path, "SELECT trial FROM trials WHERE status = 'running'")
        done = repair(path)
        assert done is None or done.report.sound
        assert not running or f"{len(running)} trials interrupted" in " ".join(done.done)
    assert "done" in said and len(said) > 2, said


def outcome(folder):
    run = Run.open(folder)
    try:
        champion = run.ledger.champion
        versions = [(v.policy_sha256, v.score, v.verdict) for v in run.ledger.versions()]
        return champion.source, versions, [case.floor for case in run.ledger.golden()], sum(run.ledger.steps())
    finally:
        run.close()


def test_a_run_on_a_disk_that_fills_at_any_write_takes_no_step_more_and_goes_on(disk, tmp_path, taken, played_here):
    with lab_in(tmp_path / "calm"):
        pass
    begun = shutil.copytree(tmp_path / "calm", tmp_path / "begun")
    lab = resume(tmp_path / "calm")
    tried(lab, STRONG)
    lab.close()
    calm = outcome(tmp_path / "calm")
    failed = 0
    for pages in (0, 7, 12, 17, 22, 27, 34, 42, 60, 90, 150, 300, 600):
        folder = shutil.copytree(begun, disk.path / "run")
        before = {
            name: rows(folder / "ledger.db", f"SELECT * FROM {name}") for name in ("trials", "episodes", "run_trials")
        }
        files = {name: (folder / name).read_bytes() for name in ("champion.py", "memory.md", "golden.json")}
        paid, taken.steps = outcome(folder)[3], 0
        taken.errors.clear()
        disk.leave(pages)
        lab = None
        try:
            lab = resume(folder)
            tried(lab, STRONG)
        except (LedgerError, ConfigError):
            failed += 1
            assert not taken.errors or taken.errors[0] == taken.steps
        finally:
            if lab:
                with suppress(LedgerError):
                    lab.close()
        disk.clear()
        path = folder / "ledger.db"
        assert mere_ends(path), (pages, check(path).findings)
        for name, was in before.items():
            assert rows(path, f"SELECT * FROM {name}")[: len(was)] == was
        assert not list(folder.glob("*.part")) and all((folder / name).stat().st_size for name in files)
        lab = resume(folder)
        assert sum(lab.run.ledger.steps()) == paid + taken.steps
        tried(lab, STRONG)
        lab.close()
        assert outcome(folder)[:3] == calm[:3] and check(path).sound
        assert sum(lab_steps(folder)) == paid + taken.steps
        shutil.rmtree(folder)
    assert 4 < failed < 13


def lab_steps(folder):
    run = Run.open(folder)
    try:
        return run.ledger.steps()
    finally:
        run.close()


def test_learning_with_real_processes_on_a_full_disk_ends_in_words_and_goes_on(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "start.py").write_text(START)
    settings = [
        "env=CartPole-v1", "budget.env_steps=20000", "train_episodes=4", "validation_episodes=8", "confirm_episodes=2",
        f"start={tmp_path / 'start.py'}", "agent.round_steps=8000", "search.population=4", "slots=8",
    ]  # fmt: skip
    with small_disk(tmp_path / "disk") as disk:
        folder = disk.path / "run"
        disk.leave(130)
        full = learn(*settings, f"name={folder}")
        disk.clear()
        assert full.returncode == 2 and "fastheur: Cannot" in full.stderr and "Traceback" not in full.stderr
        assert mere_ends(folder / "ledger.db")
        done = learn(f"resume={folder}")
        assert done.returncode == 0, done.stderr
        assert check(folder / "ledger.db").sound


def learn(*words):
    command = [sys.executable, "-m", "fastheur", "learn", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_the_meter_takes_its_room_when_it_is_made(tmp_path):
    (tmp_path / "disk").mkdir()
    with small_disk(tmp_path / "disk") as disk:
        meter = StepMeter(disk.path / "one")
        os.truncate(disk.path / "one", 0)
        os.truncate(disk.path / "one", 24)  # a hole, as a crash could leave it
        meter = StepMeter(disk.path / "one")
        disk.leave(0)
        meter.begin(1, 10)
        meter.charge(3)
        assert read_meter(disk.path / "one").taken == 3
        with pytest.raises(LedgerError, match=r"Cannot make the step meter .*No step was taken"):
            StepMeter(disk.path / "two")


def test_files_of_a_run_are_whole_or_as_they_were(disk, tmp_path, played_here):
    with lab_in(disk.path / "run") as lab:
        disk.leave(0)
        lab.run.ledger._rows = lambda *_: []  # nothing is read from a disk that is full
        before = {path: path.read_bytes() for path in (disk.path / "run").glob("*.py")}
        with pytest.raises(OSError, match=r"No space|too large"):
            write_whole(disk.path / "run" / "champion.py", b"new" * 2000)
        with pytest.raises(LedgerError, match="The ledger has it all the same"):
            write_files(lab.run)
        assert before and {path: path.read_bytes() for path in before} == before
        assert not list((disk.path / "run").glob("*.part"))
        disk.clear()
        del lab.run.ledger._rows
