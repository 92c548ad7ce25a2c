"""Whatever fills the disk, cuts the log, kills the process or turns the clock back: what was acknowledged stays."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from disks import small_disk, small_files
from labs import START, STRONG, lab_in, tried

from fastheur import database, evaluate, evaluation, run_folder
from fastheur.drafts import write_whole
from fastheur.engine import Engine
from fastheur.errors import ConfigError, LedgerError, PolicyError, named_error
from fastheur.learn import resume
from fastheur.ledger import Ledger
from fastheur.ledger_check import check
from fastheur.ledger_repair import repair
from fastheur.meter import StepMeter, read_meter
from fastheur.player_requests import serve
from fastheur.playing import Player
from fastheur.run_files import write_files
from fastheur.runs import Run

HERE = Path(__file__).parent


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


def rows(path, query):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def mere_ends(path):
    """A check finds nothing, or what a crash leaves."""
    return all(finding.kind in ("cut off", "note") for finding in check(path).findings)


# ---------------------------------------------------------------------- a full disk


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


@pytest.fixture
def played_here(monkeypatch):
    """Have the player's work done in this process, so that a trial takes no time."""

    def ask(self, request, deadlines, heard=None):
        answers = []

        def send(message):
            if "episode" in message and heard:
                heard(message)
            elif "episode" not in message:
                answers.append(message)

        Engine.meter = self._meter
        try:
            serve(request, send)
        finally:
            Engine.meter = None
        if "error" in answers[0]:
            raise named_error(**answers[0]["error"])
        return answers[0]["done"]

    monkeypatch.setattr(Player, "ask", ask)
    monkeypatch.setattr("fastheur.trial_rows.WRITE_S", 0.0)


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


# ---------------------------------------------------------------------- a log that was cut


def test_a_log_cut_anywhere_keeps_every_earlier_commit_and_a_check_says_so(tmp_path):
    path = tmp_path / "ledger.db"
    code = (
        "import os, sys; from fastheur.run_ledger import RunLedger\n"
        "ledger, log = RunLedger(sys.argv[1]), sys.argv[1] + '-wal'\n"
        "for number in range(40):\n"
        "    ledger.keep('k', number); print(os.path.getsize(log), flush=True)\n"
        "os._exit(0)"
    )
    sizes = list(map(int, subprocess.check_output([sys.executable, "-c", code, str(path)]).split()))
    data, log = path.read_bytes(), path.with_name("ledger.db-wal").read_bytes()
    assert len(log) == sizes[-1] and len(set(sizes)) == 40
    frame = 24 + 4096
    told = 0
    for length in [*range(sizes[0], len(log), 12_345), sizes[3], sizes[7] - frame, sizes[9] + 1, sizes[9] + 30]:
        case = tmp_path / str(length)
        case.mkdir()
        (case / "ledger.db").write_bytes(data)
        (case / "ledger.db-wal").write_bytes(log[:length])
        whole = sum(size <= length for size in sizes)
        report = check(case / "ledger.db")
        assert not report.damaged and report.sound == (length in sizes), (length, report.findings)
        told += any("write-ahead log" in str(finding) for finding in report.findings)
        done = repair(case / "ledger.db")
        assert done is None or done.report.sound
        assert rows(case / "ledger.db", "SELECT content FROM run_kept") == [(str(number),) for number in range(whole)]
    assert told > 10


def test_a_damaged_log_is_told_and_what_is_before_the_damage_stays(tmp_path):
    path = tmp_path / "ledger.db"
    code = (
        "import os, sys; from fastheur.run_ledger import RunLedger\n"
        "ledger = RunLedger(sys.argv[1]); ledger.keep('k', 1); print(os.path.getsize(sys.argv[1] + '-wal'))\n"
        "ledger.keep('k', 2); sys.stdout.flush(); os._exit(0)"
    )
    size = int(subprocess.check_output([sys.executable, "-c", code, str(path)]))
    log = bytearray(path.with_name("ledger.db-wal").read_bytes())
    log[size + 500] ^= 4
    path.with_name("ledger.db-wal").write_bytes(log)
    [finding] = check(path).findings
    assert "does not agree with its checksum" in finding.text
    assert rows(path, "SELECT content FROM run_kept") == [("1",)]
    path.with_name("ledger.db-wal").write_bytes(b"x" * 5000)
    assert "header is damaged" in str(check(path).findings)


# ---------------------------------------------------------------------- killed


def test_a_writer_killed_at_any_moment_loses_nothing_that_it_had_told(tmp_path):
    path = tmp_path / "ledger.db"
    code = (
        "import sys; from fastheur.run_ledger import RunLedger\n"
        "ledger, number = RunLedger(sys.argv[1]), int(sys.argv[2])\n"
        "while True:\n"
        "    ledger.keep('k', number); print(number, flush=True); number += 1"
    )
    known = 0
    for turn in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(known)], stdout=subprocess.PIPE, text=True
        )
        writer.stdout.readline()
        threading.Timer(0.01 + 0.017 * turn, writer.kill).start()
        told = [known, *map(int, writer.stdout.read().split())]
        assert writer.wait() == -signal.SIGKILL
        writer.stdout.close()
        assert mere_ends(path)
        kept = [int(text) for (text,) in rows(path, "SELECT content FROM run_kept")]
        assert kept == list(range(len(kept))) and kept[-1] >= told[-1]
        known = len(kept)
    assert known > 20


# ---------------------------------------------------------------------- several writers


def test_a_second_writer_is_refused_on_a_run_and_waits_on_a_ledger(tmp_path, monkeypatch, random_kernel, played_here):
    monkeypatch.setattr(run_folder, "_PATIENCE_S", 0.1)
    with lab_in(tmp_path / "run"), pytest.raises(ConfigError, match=r"is in use by another process \(\d+\)"):
        resume(tmp_path / "run")
    path = tmp_path / "ledger.db"
    Ledger(path).__exit__()
    holder = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, holder.execute, ["COMMIT"])
    timer.start()
    evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=2, ledger=path)
    timer.join()
    holder.close()
    assert [trial["status"] for trial in Ledger(path).trials()] == ["finished"]


# ---------------------------------------------------------------------- read-only places

AS_NOBODY = """
import os, sys
from fastheur import evaluate
from fastheur.errors import FastheurError
from fastheur.loading import policy_from_source
source = 'OBS = "state"\\ndef act(obs, info, state, params):\\n    return 0\\n'
settings = {"policy": policy_from_source(source, "p.py"), "env": "CartPole-v1", "episodes": 2, "slots": 2}
evaluate(**settings)  # loads everything
if os.getuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    evaluate(**settings, ledger=sys.argv[1])
except FastheurError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("what", ["file", "folder", "new"])
def test_a_place_that_may_not_be_written_is_named_and_stays_as_it_is(what, random_kernel):
    top = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    try:
        path = top / "ledger.db"
        evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=2, ledger=path)
        data, names = path.read_bytes(), sorted(top.iterdir())
        path.chmod(0o666 if what == "folder" else 0o444)
        top.chmod(0o777 if what == "file" else 0o555)
        target = top / "sub" / "ledger.db" if what == "new" else path
        environment = {**os.environ, "XDG_CACHE_HOME": str(top / "cache"), "PYTHONPATH": str(HERE.parent)}
        command = [sys.executable, "-c", AS_NOBODY, str(target)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/")
        assert done.returncode == 1 and f"in the ledger {target}: " in done.stderr, done.stderr
        assert any(word in done.stderr for word in ("readonly", "unable to open", "Permission denied"))
        assert "Traceback" not in done.stderr
        top.chmod(0o755)
        assert path.read_bytes() == data and set(names) <= set(top.iterdir()) and not (top / "sub").exists()
        assert check(path).sound
    finally:
        top.chmod(0o755)
        shutil.rmtree(top)


# ---------------------------------------------------------------------- a clock that goes backwards


def test_a_clock_that_jumps_back_changes_no_order_and_no_duration(tmp_path, monkeypatch, random_kernel, played_here):
    now = [2e9]

    def clock():
        now[0] -= 3600.0
        return now[0]

    with monkeypatch.context() as patch:
        patch.setattr(time, "time", clock)
        path = tmp_path / "ledger.db"
        cards = [evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=2, ledger=path) for _ in range(3)]
        with lab_in(tmp_path / "run") as lab:
            lab.call("note", {"text": "first"})
        lab = resume(tmp_path / "run")
        lab.call("note", {"text": "second"})
        assert tried(lab, STRONG).data["promoted"]
        assert [entry.text for entry in lab.run.ledger.memory()] == ["first", "second"]
        assert lab.spent.wall_s >= 0
        lab.close()
    with Ledger(path) as ledger:
        trials = ledger.trials()
    assert [trial["trial"] for trial in trials] == [card.trial for card in cards] == [1, 2, 3]
    assert trials[0]["started"] > trials[2]["started"] and all(trial["wall_s"] >= 0 for trial in trials)
    assert check(path).sound and check(tmp_path / "run" / "ledger.db").sound
    assert all(seconds >= 0 for (seconds,) in rows(tmp_path / "run" / "ledger.db", "SELECT seconds FROM run_sessions"))


# ---------------------------------------------------------------------- returns that are no number


def test_a_return_that_is_no_number_fails_the_trial_in_words(tmp_path, monkeypatch, random_kernel):
    from dataclasses import replace

    real = evaluation.rollout

    def broken(*given, **named):
        for number, episode in enumerate(real(*given, **named)):
            yield replace(episode, ret=float("nan")) if number == 3 else episode

    monkeypatch.setattr(evaluation, "rollout", broken)
    path = tmp_path / "ledger.db"
    with pytest.raises(PolicyError, match="returned nan, expected a finite number"):
        evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=6, ledger=path)
    with Ledger(path) as ledger:
        [trial] = ledger.trials()
    assert trial["status"] == "failed" and trial["score_mean"] is None and "returned nan" in trial["error"]
    assert trial["episodes"] == 3 and trial["env_steps"] > 0 and check(path).sound
