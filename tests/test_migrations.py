"""A ledger of an older schema is copied, then migrated with nothing lost, whenever it is killed; a newer one is left alone."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from fastheur import evaluate
from fastheur.errors import LedgerError
from fastheur.ledger import Ledger, TrialStart
from fastheur.ledger_repair import repair
from fastheur.ledger_salvage import Kept
from fastheur.migrations import STEPS
from fastheur.run_ledger import RunLedger
from fastheur.schema import SCHEMA_VERSION

SCHEMA_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE policies (sha256 TEXT PRIMARY KEY, name TEXT NOT NULL, source TEXT NOT NULL);
CREATE TABLE trials (
    trial INTEGER PRIMARY KEY AUTOINCREMENT, population INTEGER,
    started REAL NOT NULL, finished REAL,
    status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'interrupted', 'failed')),
    name TEXT NOT NULL, env_id TEXT NOT NULL, obs_mode TEXT NOT NULL, protocol TEXT NOT NULL, split TEXT NOT NULL,
    protocol_args TEXT NOT NULL, policy_sha256 TEXT NOT NULL REFERENCES policies, params TEXT NOT NULL,
    warm INTEGER NOT NULL, isolation TEXT NOT NULL, debug INTEGER NOT NULL,
    slots INTEGER NOT NULL, threads INTEGER NOT NULL, versions TEXT NOT NULL, notes TEXT NOT NULL,
    env_steps INTEGER, model_steps INTEGER, episodes INTEGER, wall_s REAL, cpu_s REAL, tokens INTEGER, money REAL,
    score_mean REAL, score_min REAL, score_max REAL, score_iqm REAL, ci_low REAL, ci_high REAL, hns_mean REAL, error TEXT
);
CREATE TABLE episodes (
    trial INTEGER NOT NULL REFERENCES trials, split TEXT NOT NULL, episode INTEGER NOT NULL,
    ret REAL NOT NULL, length INTEGER NOT NULL, terminated INTEGER NOT NULL, lives_lost INTEGER NOT NULL,
    last_reward_step INTEGER NOT NULL, action_hash TEXT NOT NULL, PRIMARY KEY (trial, episode)
);
CREATE TABLE sealed_reads (
    trial INTEGER PRIMARY KEY REFERENCES trials, commitment TEXT NOT NULL, secret TEXT, at REAL NOT NULL
);
CREATE INDEX trials_by_task ON trials (env_id, obs_mode, protocol);
CREATE TABLE run_operations (
    operation INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, request TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'done', 'refused', 'interrupted')),
    answer TEXT, started REAL NOT NULL, finished REAL
);
CREATE TABLE run_reservations (
    reservation INTEGER PRIMARY KEY AUTOINCREMENT, operation INTEGER NOT NULL REFERENCES run_operations,
    role TEXT NOT NULL, reserved INTEGER NOT NULL, steps INTEGER
);
CREATE TABLE run_trials (
    trial INTEGER PRIMARY KEY REFERENCES trials, reservation INTEGER NOT NULL REFERENCES run_reservations
);
CREATE TABLE run_episodes (
    policy_sha256 TEXT NOT NULL, params TEXT NOT NULL, setting TEXT NOT NULL, episode INTEGER NOT NULL,
    trial INTEGER NOT NULL REFERENCES trials, result TEXT NOT NULL, record TEXT,
    PRIMARY KEY (policy_sha256, params, setting, episode)
);
CREATE TABLE run_versions (
    version INTEGER PRIMARY KEY AUTOINCREMENT, policy_sha256 TEXT NOT NULL UNIQUE, parent INTEGER,
    operation INTEGER NOT NULL, hypothesis TEXT NOT NULL, complexity INTEGER NOT NULL,
    trial INTEGER, score REAL, verdict TEXT NOT NULL DEFAULT 'open', reason TEXT NOT NULL DEFAULT '', reign INTEGER
);
CREATE TABLE run_golden (name TEXT PRIMARY KEY, content TEXT NOT NULL);
CREATE TABLE run_outcomes (
    name TEXT NOT NULL REFERENCES run_golden, version INTEGER NOT NULL REFERENCES run_versions, outcome REAL NOT NULL,
    PRIMARY KEY (name, version)
);
CREATE TABLE run_memory (
    entry INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, text TEXT NOT NULL, at REAL NOT NULL, operation INTEGER NOT NULL
);
CREATE TABLE run_charges (at REAL NOT NULL, tokens INTEGER, money REAL);
CREATE TABLE run_kept (place INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, content TEXT NOT NULL);
CREATE INDEX run_searches ON run_operations (name) WHERE name = 'search';
CREATE INDEX run_paid ON run_reservations (operation, role, steps);
CREATE INDEX run_unsettled ON run_reservations (reservation) WHERE steps IS NULL;
CREATE INDEX run_roles ON run_reservations (role, reserved, steps);
CREATE INDEX run_payers ON run_trials (reservation);
CREATE INDEX run_champions ON run_versions (version) WHERE verdict = 'champion';
CREATE TABLE run_sessions (session INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, seconds REAL NOT NULL);
"""
"""The tables as they were written then, those of a run among them."""

SCHEMA_2 = SCHEMA_1.replace("error TEXT\n);", "error TEXT,\n    stop TEXT, landlock INTEGER, seccomp TEXT\n);")

PROTOCOLS = ["default", "weng2026 (stop_below=300)", "robust max_steps=600 (stop_stalled=3000)", "odd (stop_ name"]


@pytest.fixture
def old(tmp_path):
    """A ledger of schema 1 with rows in every table, its last ones in the write-ahead log."""
    return written(tmp_path / "ledger.db", SCHEMA_1, "1")


def written(path, schema, version):
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(schema)
        values = f"('schema_version', '{version}'), ('run_schema_version', '1'), ('config', '{{}}')"
        db.execute(f"INSERT INTO meta VALUES {values}")
        db.execute("INSERT INTO policies VALUES ('abc', 'p.py', 'text')")
        db.execute("INSERT INTO run_operations VALUES (3, 'trial', '{}', 'done', '{}', 1.5, 2.5)")
        db.execute("INSERT INTO run_reservations VALUES (4, 3, 'train', 100, 40)")
        for number, protocol in enumerate(PROTOCOLS, 7):
            db.execute(
                "INSERT INTO trials (trial, started, finished, status, name, env_id, obs_mode, protocol, split, "
                "protocol_args, policy_sha256, params, warm, isolation, debug, slots, threads, versions, notes, env_steps, "
                "episodes, score_mean) VALUES (?, 1.25, 2.25, 'finished', 'p', 'E', 'ram', ?, 'train', '{}', 'abc', '{}', 0, "
                "'none', 0, 8, 2, '{}', 'ü', 10, 1, 0.1)",
                (number, protocol),
            )
            db.execute("INSERT INTO episodes VALUES (?, 'train', 0, 0.1, 10, 1, 0, -1, 'ff')", (number,))
            db.execute("INSERT INTO run_trials VALUES (?, 4)", (number,))
        db.execute("INSERT INTO sealed_reads VALUES (7, 'c', NULL, 1.0)")
        db.execute("INSERT INTO run_episodes VALUES ('abc', '{}', '[]', 0, 7, '{}', NULL)")
        db.execute(
            "INSERT INTO run_versions (policy_sha256, operation, hypothesis, complexity) VALUES ('abc', 3, 'h', 5)"
        )
        db.execute("INSERT INTO run_golden VALUES ('g', '{}')")
        db.execute("INSERT INTO run_outcomes VALUES ('g', 1, 2.0)")
        db.execute("INSERT INTO run_memory VALUES (1, 'note', 'n', 1.0, 3)")
        db.execute("INSERT INTO run_charges VALUES (1.0, 5, 0.5)")
        db.execute("INSERT INTO run_kept VALUES (1, 'k', '1')")
        db.execute("INSERT INTO run_sessions VALUES (1, 1.0, 2.0)")
        db.commit()
        assert path.with_name("ledger.db-wal").stat().st_size > 0
    return path


def content(path):
    """Every row of every table, the version left out."""
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: db.execute(f"SELECT rowid, * FROM {name} ORDER BY rowid").fetchall() for name in sorted(names)}
    rows["meta"] = [row for row in rows["meta"] if row[1] != "schema_version"]
    return rows


def columns(path):
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master ORDER BY name")]
        return {name: db.execute(f"PRAGMA table_info({name})").fetchall() for name in names}


def checked(path, before):
    """The file has today's schema, every row that it had, and what the old labels said in a column of its own."""
    RunLedger(path).__exit__()
    after = content(path)
    for name, rows in before.items():
        width = len(rows[0])
        assert [row[:width] for row in after[name]] == rows, name
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == (str(SCHEMA_VERSION),)
        assert db.execute("SELECT stop, landlock, seccomp FROM trials ORDER BY trial").fetchall() == [
            (None, None, None),
            ("stop_below=300", None, None),
            ("stop_stalled=3000", None, None),
            (None, None, None),
        ]
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_ledger_of_schema_1_is_migrated_after_a_copy_was_made(old, tmp_path):
    before = content(old)
    checked(old, before)
    assert content(old.with_name("ledger.db.v1.bak")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.db", "ledger.db.v1.bak"]


def test_a_migrated_ledger_has_the_columns_of_a_new_one(old, tmp_path):
    RunLedger(old).__exit__()
    RunLedger(tmp_path / "new.db").__exit__()
    assert columns(old) == columns(tmp_path / "new.db")


def test_a_ledger_of_schema_2_keeps_its_stamps_and_can_keep_actions(tmp_path):
    path = written(tmp_path / "ledger.db", SCHEMA_2, "2")
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE trials SET stop = 'stop_below=1', landlock = 4, seccomp = 'aa' WHERE trial = 8")
        db.commit()
    before = content(path)
    RunLedger(path).__exit__()
    RunLedger(tmp_path / "new.db").__exit__()
    after = content(path)
    assert after.pop("actions") == []
    assert {name: [row[: len(rows[0])] for row in after[name]] for name, rows in before.items() if rows} == before
    assert columns(path) == columns(tmp_path / "new.db")
    assert content(path.with_name("ledger.db.v2.bak")) == before


def test_a_ledger_of_schema_3_has_nothing_planned(tmp_path):
    actions = (
        "CREATE TABLE actions (trial INTEGER NOT NULL REFERENCES trials, episode INTEGER NOT NULL, blob BLOB NOT NULL, "
    )
    path = written(tmp_path / "ledger.db", f"{SCHEMA_2}\n{actions}PRIMARY KEY (trial, episode));", "3")
    RunLedger(path).__exit__()
    RunLedger(tmp_path / "new.db").__exit__()
    assert columns(path) == columns(tmp_path / "new.db") and path.with_name("ledger.db.v3.bak").exists()
    with RunLedger(path) as ledger:
        assert {row["model_steps"] for row in ledger.trials()} == {None} and ledger.model_steps() is None
    with closing(sqlite3.connect(path)) as db:
        for table in ("episodes", "run_reservations"):
            assert db.execute(f"SELECT DISTINCT model_steps FROM {table}").fetchall() == [(None,)]


def test_every_version_has_its_step():
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


KILLED = """
import os, signal, sys
from fastheur import migrations
from fastheur.run_ledger import RunLedger

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

path, where = sys.argv[1:]
if where == "copy":
    migrations.Path.replace = killed
elif where == "step":
    real = migrations.execute_all
    migrations.execute_all = lambda db, text: real(db, text.split("UPDATE")[0]) or killed()
else:
    real_step = migrations.STEPS[1]
    migrations.STEPS[1] = lambda db: real_step(db) or killed()
RunLedger(path)
"""


@pytest.mark.parametrize("where", ["copy", "step", "end"])
def test_a_migration_that_is_killed_has_changed_nothing_and_is_done_again(old, where):
    before = content(old)
    died = subprocess.run([sys.executable, "-c", KILLED, str(old), where])
    assert died.returncode == -signal.SIGKILL
    assert content(old) == before and "stop" not in [name for _, name, *_ in columns(old)["trials"]]
    checked(old, before)


def test_a_migration_killed_at_any_moment_loses_nothing(old):
    before = content(old)
    for turn in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", "import sys; from fastheur.run_ledger import RunLedger\nprint(flush=True)\n"
             "RunLedger(sys.argv[1])", str(old)], stdout=subprocess.PIPE,
        )  # fmt: skip
        process.stdout.readline()
        timer = threading.Timer(turn * 0.002, process.kill)
        timer.start()
        process.wait()
        timer.join()
        process.stdout.close()
    checked(old, before)


def test_two_processes_migrate_a_ledger_once(old):
    before = content(old)
    code = "import sys; from fastheur.run_ledger import RunLedger; RunLedger(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", code, str(old)]) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    checked(old, before)


def test_where_no_copy_can_be_made_the_old_ledger_stays_as_it_is(old):
    before = content(old)
    old.with_name("ledger.db.v1.bak.part").mkdir()
    with pytest.raises(LedgerError, match="Cannot prepare in the ledger"):
        Ledger(old)
    assert content(old) == before
    os.rmdir(old.with_name("ledger.db.v1.bak.part"))
    checked(old, before)


def test_a_damaged_ledger_of_schema_1_is_repaired_and_migrated(old):
    before = content(old)
    with closing(sqlite3.connect(old)) as db:
        db.execute("PRAGMA journal_mode=DELETE")  # all pages into the file
        [(root, size)] = db.execute(
            "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = 'run_kept'"
        )
    data = bytearray(old.read_bytes())
    data[(root - 1) * size : root * size] = b"\x7f" * size
    old.write_bytes(data)
    done = repair(old)
    assert Kept("run_kept", 0, 1) in done.tables and Kept("policies", 1, 0) in done.tables and not done.report.damaged
    after = content(old)
    assert [row[1:3] for row in after["policies"]] == [row[1:3] for row in before["policies"]]
    assert [row[12] for row in after["trials"]] == [row[12] for row in before["trials"]]
    assert [row[-3] for row in after["trials"]] == [None, "stop_below=300", "stop_stalled=3000", None]


@pytest.mark.parametrize(("version", "found"), [("3000", "newer fastheur"), ("x", "no ledger of fastheur")])
def test_a_newer_ledger_or_none_is_refused_and_left_alone(old, version, found):
    with closing(sqlite3.connect(old)) as db:
        db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (version,))
        db.commit()
    before = content(old)
    with pytest.raises(LedgerError, match=found):
        Ledger(old)
    assert content(old) == before and not old.with_name("ledger.db.v1.bak").exists()


def test_a_trial_says_what_cuts_its_episodes_and_what_shut_its_policy_in(tmp_path, random_kernel):
    path = tmp_path / "ledger.db"
    settings = {"params": {"n": 2}, "episodes": 2, "ledger": path}
    card = evaluate(random_kernel, "CartPole-v1", stop_stalled=1_000_000, **settings)
    evaluate(random_kernel, "CartPole-v1", **settings)
    start = TrialStart("t", card.setting, random_kernel, 1, 1, {}, landlock=4, seccomp="0a")
    with Ledger(path) as ledger:
        ledger.start([start])
        rows = ledger.trials()
    assert [row["stop"] for row in rows] == ["stop_stalled=1000000", None, "stop_stalled=1000000"]
    assert [(row["landlock"], row["seccomp"]) for row in rows] == [(None, None), (None, None), (4, "0a")]
