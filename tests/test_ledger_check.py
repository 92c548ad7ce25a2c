"""One command says whether a ledger is sound, and mends what can be mended without destroying anything."""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from labs import STRONG, lab_in, tried

from fastheur import evaluate, ledger_salvage
from fastheur.cli import main
from fastheur.errors import ConfigError, LedgerError
from fastheur.learning import confirm, resume
from fastheur.ledger import Ledger
from fastheur.ledger_check import check
from fastheur.ledger_repair import repair
from fastheur.meter import StepMeter
from fastheur.run_ledger import RunLedger


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run with every kind of row: trials, golden cases, memory, a search, a sealed confirmation."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    with lab_in(folder, confirm_episodes=3) as lab:
        lab.call("note", {"text": "the turning speed matters"})
        lab.call("probe", {"kind": "values", "steps": 50})
        lab.call("search", {"source": STRONG, "steps": 3000})
        lab.charge(10, 0.5)
        lab.remember("k", [1])
        tried(lab, STRONG)
        lab.end("done")
        confirm(lab)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A copy of it."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A plain ledger of a few evaluations, 400 episodes in all."""
    from fastheur.loading import policy_from_source

    path = tmp_path_factory.mktemp("plain") / "ledger.db"
    for turn in range(4):
        source = f'"""Turn {turn}."""\nOBS = "state"\ndef act(obs, info, state, params):\n    return info.elapsed % 2\n'
        evaluate(policy_from_source(source, f"p{turn}.py"), "CartPole-v1", episodes=100, ledger=path)
    evaluate("random", "CartPole-v1", episodes=2, split="sealed", ledger=path)
    return path


@pytest.fixture
def plain(played, tmp_path):
    return shutil.copy(played, tmp_path / "ledger.db")


def rows(path, query):
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchall()


def change(path, *statements):
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


def found(path, kind=None):
    return [finding.text for finding in check(path).findings if kind in (None, finding.kind)]


def test_what_the_harness_writes_is_sound_and_a_check_leaves_no_trace(run, plain, tmp_path):
    for path in (run / "ledger.db", plain):
        before = path.read_bytes()
        names = sorted(path.parent.iterdir())
        report = check(path)
        assert report.sound and not report.findings and not report.in_use, report.findings
        assert path.read_bytes() == before and sorted(path.parent.iterdir()) == names
        assert repair(path) is None and sorted(tmp_path.iterdir()) == sorted({run, plain})
    assert check(plain).rows == {"trials": 5, "episodes": 402, "policies": 5}


def test_a_ledger_of_a_stopped_evaluation_is_sound(tmp_path):
    evaluate("random", "CartPole-v1", episodes=3, stop_stalled=10, ledger=tmp_path / "ledger.db")
    assert check(tmp_path / "ledger.db").sound


PLAIN_FAULTS = {
    "says 7 episodes": "UPDATE trials SET episodes = 7 WHERE trial = 1",
    "says 1 env steps": "UPDATE trials SET env_steps = 1 WHERE trial = 2",
    "finished and has no score": "UPDATE trials SET score_mean = NULL WHERE trial = 1",
    "failed and has a score": "UPDATE trials SET status = 'failed' WHERE trial = 1",
    "has the score 1.5": "UPDATE trials SET score_mean = 1.5 WHERE trial = 1",
    "and says that it ended": "UPDATE trials SET finished = NULL WHERE trial = 1",
    "of the split validation, the trial of train": "UPDATE episodes SET split = 'validation' WHERE trial = 1 AND episode = 3",
    "not logged": "DELETE FROM sealed_reads",
    "not the one that was committed to": "UPDATE sealed_reads SET secret = 'guessed'",
    "is not the one of its hash": "UPDATE policies SET source = source || ' ' WHERE rowid = 2",
    "1 rows of trials refer to rows of policies": "DELETE FROM policies WHERE rowid = 2",
    "settings that are no JSON": "UPDATE trials SET params = '{' WHERE trial = 1",
    "is still running": "UPDATE trials SET status = 'running' WHERE trial = 1",
    "columns that are missing: at": "ALTER TABLE sealed_reads RENAME COLUMN at TO time",
    "trials_by_task is not as it should be": "DROP INDEX trials_by_task",
}

RUN_FAULTS = {
    "was never settled": "UPDATE run_reservations SET steps = NULL WHERE reservation = 1",
    "is settled, and its trial": "UPDATE trials SET status = 'running' WHERE trial = 1",
    "its trials took": "UPDATE run_reservations SET steps = steps - 1 WHERE reservation = 1",
    "were taken": "UPDATE run_reservations SET reserved = 1 WHERE reservation = 1",
    "no reservation pays for trial 2": "DELETE FROM run_trials WHERE trial = 2",
    "is not what the episode says": "UPDATE run_episodes SET result = replace(result, 'length', 'width') WHERE rowid = 3",
    "is still open": "UPDATE run_operations SET status = 'open' WHERE operation = 2",
    "has a policy that is not there": "UPDATE run_versions SET policy_sha256 = 'x' WHERE version = 2",
    "names a parent": "UPDATE run_versions SET parent = 99 WHERE version = 2",
    "and the last reign is": "UPDATE run_versions SET reign = 99 WHERE version = 1",
    "champions now": "UPDATE run_versions SET verdict = 'rejected' WHERE verdict = 'champion'",
    "golden case": "UPDATE run_golden SET content = '{'",
    "refer to rows of run_golden": "DELETE FROM run_golden WHERE rowid = 1",
    "memory entry 1": "UPDATE run_memory SET operation = 999",
    "value status is no JSON": "UPDATE meta SET value = 'x' WHERE key = 'status'",
    "and the step meter says": "UPDATE run_reservations SET steps = 0 WHERE reservation = "
    "(SELECT max(reservation) FROM run_reservations)",
    "the ledger does not know: it has lost": "DELETE FROM run_reservations WHERE reservation = "
    "(SELECT max(reservation) FROM run_reservations)",
}


@pytest.mark.parametrize("fault", PLAIN_FAULTS)
def test_each_fault_of_a_ledger_is_named(plain, fault):
    change(plain, PLAIN_FAULTS[fault])
    assert any(fault in text for text in found(plain)), found(plain)
    assert not check(plain).sound


@pytest.mark.parametrize("fault", RUN_FAULTS)
def test_each_fault_of_a_runs_books_is_named(run, fault):
    change(run / "ledger.db", RUN_FAULTS[fault])
    assert any(fault in text for text in found(run / "ledger.db")), found(run / "ledger.db")


def test_the_command_says_each_finding_and_its_exit_code_tells_which(plain, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["ledger", "check", "ledger=ledger.db"]) == 0
    assert main(["ledger", "check", "ledger=run"]) == 0
    assert "run/ledger.db is sound: " in capsys.readouterr().out
    change(plain, PLAIN_FAULTS["says 7 episodes"])
    assert main(["ledger", "check", "ledger=ledger.db"]) == 1
    out = capsys.readouterr().out
    assert "books: trial 1 says 7 episodes, and 100 are there" in out and "repair=true" in out
    plain.write_bytes(b"this is no database" * 1000)
    assert main(["ledger", "check", "ledger=ledger.db"]) == 2
    assert "damaged or no ledger" in capsys.readouterr().err
    assert main(["ledger", "check", "ledger=none.db"]) == 2
    change(tmp_path / "run" / "ledger.db", "UPDATE meta SET value = 3000 WHERE key = 'schema_version'")
    assert main(["ledger", "check", "ledger=run", "repair=true"]) == 2
    assert "run/ledger.db has ledger schema 3000, written by a newer fastheur" in capsys.readouterr().err
    assert not list(tmp_path.glob("**/*.damaged-*"))
    (tmp_path / "empty.db").touch()
    assert main(["ledger", "check", "ledger=empty.db"]) == 0
    assert main(["ledger", "mend"]) == 2


# ---------------------------------------------------------------------- repair


def damaged_pages(path, count, seed, table=None):
    """Fill ``count`` pages behind the first with noise, of one table's where named; return them."""
    draw = random.Random(seed)
    size = rows(path, "PRAGMA page_size")[0][0]
    where = "" if table is None else f"WHERE name = '{table}' AND pagetype = 'leaf'"
    pages = [page for (page,) in rows(path, f"SELECT pageno FROM dbstat {where}") if page > 1]
    chosen = draw.sample(pages, min(count, len(pages)))
    data = bytearray(path.read_bytes())
    for page in chosen:
        data[(page - 1) * size : page * size] = draw.randbytes(size)
    path.write_bytes(data)
    return chosen


def test_pages_that_are_damaged_cost_their_own_rows_only(plain):
    before = set(rows(plain, "SELECT * FROM episodes"))
    damaged_pages(plain, 1, 3, "episodes")
    assert not check(plain).sound
    data = plain.read_bytes()
    done = repair(plain)
    assert done.aside.read_bytes() == data
    after = rows(plain, "SELECT * FROM episodes")
    [episodes] = [table for table in done.tables if table.table == "episodes"]
    assert len(after) == len(set(after)) == episodes.kept and set(after) < before
    assert episodes.kept + episodes.lost == 402 and 0 < episodes.lost < 120
    assert done.report.sound and any("lost: " in finding.text for finding in done.report.findings)
    evaluate("random", "CartPole-v1", episodes=2, ledger=plain)
    assert check(plain).sound


def test_damage_anywhere_leaves_a_usable_ledger_with_exact_counts(plain, finished, tmp_path, monkeypatch):
    monkeypatch.setattr(ledger_salvage, "_GAP", 2000)
    for seed in range(12):
        path = tmp_path / f"{seed}.db"
        shutil.copy(plain if seed % 2 else finished / "ledger.db", path)
        tables = [name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type = 'table'")]
        whole = {name: set(rows(path, f"SELECT * FROM {name}")) for name in tables if name != "sqlite_sequence"}
        chosen = damaged_pages(path, 1 + seed % 3, seed)
        done = repair(path)
        if done is None:
            assert check(path).sound  # a free page
            continue
        assert done.aside.exists()
        for table in done.tables:
            assert table.kept <= len(whole[table.table]), (seed, chosen, table)
            assert table.kept + table.lost <= max(len(whole[table.table]), table.kept), (seed, chosen, table)
        assert not done.report.damaged, (seed, chosen, done.report.findings)
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert not db.execute("PRAGMA foreign_key_check").fetchall()


def test_a_file_cut_off_keeps_what_is_left(plain):
    data = plain.read_bytes()
    plain.write_bytes(data[: len(data) * 4 // 5 + 100])
    done = repair(plain)
    kept = {table.table: table for table in done.tables}
    assert kept["trials"].kept + kept["trials"].lost == 5 and kept["episodes"].kept > 0
    assert rows(plain, "PRAGMA integrity_check") == [("ok",)]


def test_what_cannot_be_recovered_is_said_and_kept(plain):
    data = os.urandom(100_000)
    plain.write_bytes(data)
    with pytest.raises(LedgerError, match="Cannot repair"):
        repair(plain)
    assert plain.read_bytes() == data == plain.with_name("ledger.db.damaged-1").read_bytes()


def test_lost_rows_get_stand_ins_and_their_steps_stay_counted(run):
    path = run / "ledger.db"
    with RunLedger(path) as ledger:
        steps = ledger.steps()
    change(
        path,
        "DELETE FROM trials WHERE trial = 2",
        "DELETE FROM policies WHERE rowid = 2",
        "DELETE FROM episodes WHERE trial = 3 AND episode < 2",
        "DELETE FROM run_operations WHERE operation = 3",
    )
    assert not check(path).sound
    done = repair(path)
    assert done.report.sound, done.report.findings
    with RunLedger(path) as ledger:
        assert ledger.steps() == steps == (sum_by_role(ledger) - steps[1], steps[1])
        assert [trial["trial"] for trial in ledger.trials()] == list(range(1, len(ledger.trials()) + 1))


def sum_by_role(ledger):
    return sum(ledger.steps_by_role().values())


def test_what_a_crash_cut_off_is_settled_by_the_meter(tmp_path):
    with lab_in(tmp_path / "run"):
        pass
    path = tmp_path / "run" / "ledger.db"
    change(
        path,
        "UPDATE run_reservations SET steps = NULL WHERE reservation = 2",
        "UPDATE trials SET status = 'running', finished = NULL, env_steps = NULL, episodes = NULL, score_mean = NULL "
        "WHERE trial = 2",
    )
    meter = StepMeter(tmp_path / "run" / "meter")
    meter.charge(7)  # steps of episodes that were never finished
    assert len(found(path, "cut off")) == 2
    done = repair(path)
    assert "1 open reservations settled" in " ".join(done.done) and not done.tables and done.report.sound
    assert rows(path, "SELECT status, env_steps FROM trials WHERE trial = 2") == [("interrupted", meter.taken)]
    with closing_lab(resume(tmp_path / "run")) as lab:
        assert tried(lab, STRONG).data["promoted"]
        assert lab.spent.env_steps > meter.taken


@contextmanager
def closing_lab(lab):
    try:
        yield lab
    finally:
        lab.close()


def test_a_ledger_in_use_is_checked_and_not_repaired(run, plain, tmp_path):
    change(run / "ledger.db", "UPDATE meta SET value = '\"over\"' WHERE key = 'status'")
    code = (
        "import sys; from pathlib import Path; from fastheur.runs import Run; from fastheur.ledger import Ledger\n"
        "run, ledger = Run.open(Path(sys.argv[1]), lock=True), Ledger(sys.argv[2])\n"
        "ledger._db.execute('UPDATE trials SET status = \\'running\\', finished = NULL WHERE trial = 1')\n"
        "print(flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(run), str(plain)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        holder.stdout.readline()
        for path in (run / "ledger.db", plain):
            assert check(path).in_use
            with pytest.raises(ConfigError, match=r"another process|Another process"):
                repair(path)
        assert found(plain, "cut off") == []
    finally:
        holder.communicate(b"\n", timeout=30)
    assert found(plain, "cut off") == ["trial 1 (p0) is still running, and nobody plays it"]
    assert not list(tmp_path.glob("**/*.damaged-*"))


def test_a_repair_that_is_killed_leaves_the_ledger_or_its_copy(plain):
    damaged_pages(plain, 2, 5, "episodes")
    data = plain.read_bytes()
    code = (
        "import os, signal, sys; from pathlib import Path; from fastheur import ledger_repair\n"
        "ledger_repair.salvage = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "ledger_repair.repair(Path(sys.argv[1]))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(plain)]).returncode == -9
    assert plain.read_bytes() == data == plain.with_name("ledger.db.damaged-1").read_bytes()
    assert repair(plain).aside.name == "ledger.db.damaged-2"
    assert check(plain).sound


def test_a_meter_that_is_ahead_of_the_ledger_tells_that_the_ledger_lost_rows(run):
    StepMeter(run / "meter").begin(99, 10)
    assert any("reservation 99" in text for text in found(run / "ledger.db", "books"))


def test_a_ledger_that_no_connection_closed_is_read_with_its_log(plain):
    code = (
        "import os, sys; from fastheur.ledger import Ledger\n"
        "Ledger(sys.argv[1])._db.execute('UPDATE trials SET notes = \\'late\\''); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(plain)], check=True)
    assert plain.with_name("ledger.db-wal").stat().st_size and check(plain).sound
    with Ledger(plain) as ledger:
        assert {trial["notes"] for trial in ledger.trials()} == {"late"}
