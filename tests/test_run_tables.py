"""A run as typed tables: what the ledger says and no more, read beside a Lab and where nothing can be written."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pyarrow
import pytest
from labs import STRONG, WEAK, lab_in, play_here, tried
from test_migrations import SCHEMA_1, written

import fastheur
from fastheur.errors import ConfigError, LedgerError
from fastheur.learning import confirm
from fastheur.run_tables import MOST_PARAMS, load

HARD = 'faster, "steadier"; über 日本,\tand\nso on'


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run while it is open, the same run confirmed, and what its Lab said of the env steps at both times."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        play_here(patch)
        with lab_in(folder / "run") as lab:
            tried(lab, STRONG, HARD)
            tried(lab, WEAK, "the other way round")
            lab.call("note", {"text": HARD})
            lab.charge(120, None)
            beside = load(folder / "run")
            opened = {name: beside.table(name) for name in beside.names}, beside, lab.spent
            lab.call("finish", {"reason": "done"})
            over = load(folder / "run")
            confirm(lab)
            done = load(folder / "run"), lab.run.ledger.trials(), lab.run.ledger.steps()
    return opened, over, done, folder / "run"


def column(table, name):
    return table.column(name).to_pylist()


def test_trials_say_what_the_ledger_says_with_role_version_and_hypothesis(runs):
    tables, rows, (charged, _) = runs[2]
    trials = tables.trials
    for name in ("trial", "env_steps", "episodes", "score_mean", "ci_low", "status", "policy_sha256", "notes", "error"):
        assert column(trials, name) == [row[name] for row in rows], name
    versions = dict(zip(column(tables.versions, "policy_sha256"), tables.versions.to_pylist(), strict=True))
    for row in trials.to_pylist():
        mine = versions[row["policy_sha256"]]
        assert [row[name] for name in ("version", "hypothesis", "verdict", "reason")] == [
            mine[name] for name in ("version", "hypothesis", "verdict", "reason")
        ]
    assert {"train", "validation", "golden", "sealed"} == set(column(trials, "role"))
    assert (
        column(trials, "cumulative_env_steps")[-1] == charged == column(tables.reservations, "cumulative_env_steps")[-1]
    )
    assert column(tables.versions, "cumulative_env_steps")[-1] == charged
    steps = column(trials, "cumulative_env_steps")
    assert steps == sorted(steps) and steps[0] == rows[0]["env_steps"]


def test_types_nulls_and_times(runs):
    tables = runs[2][0]
    trials = tables.trials
    assert trials.schema.field("started").type == pyarrow.timestamp("us", tz="UTC")
    assert (
        trials.schema.field("warm").type == pyarrow.bool_()
        and trials.schema.field("score_mean").type == pyarrow.float64()
    )
    assert column(trials, "model_steps") == column(trials, "tokens") == [None] * len(trials)
    assert column(tables.charges, "tokens") == [120] and column(tables.charges, "money") == [None]
    assert column(tables.versions, "parent")[0] is None
    [first, *_] = column(trials, "started")
    assert abs(first.timestamp() - tables.facts["created"]) < 600
    assert trials.schema.field("params.turn").type == pyarrow.float64()
    assert trials.schema.field("params.far").type == pyarrow.int64()
    assert [json.loads(text)["turn"] for text in column(trials, "params")] == column(trials, "params.turn")


def test_hypotheses_and_notes_come_as_they_were_written(runs):
    tables = runs[2][0]
    assert HARD in column(tables.versions, "hypothesis") and HARD in column(tables.memory, "text")
    assert STRONG in column(tables.versions, "source")


def test_episodes_carry_their_version_and_add_up_to_the_trials(runs):
    tables = runs[2][0]
    frame = tables.pandas("episodes")
    scores = frame.groupby("trial")["return"].mean()
    trials = tables.pandas("trials").set_index("trial")
    assert scores.to_dict() == pytest.approx(trials.score_mean.to_dict())
    assert set(frame[frame.role == "sealed"].version) == {2}
    assert (frame.best >= frame["return"]).all() and frame.cut.eq(False).all()
    assert set(tables.pandas("outcomes").case) == set(column(tables.golden, "case"))
    assert tables.pandas("outcomes").eval("kept == (outcome >= floor)").all()


def test_an_open_run_shows_no_validation_and_no_secret(runs):
    tables, opened, spent = runs[0]
    assert (
        opened.left_out == ("validation", "sealed")
        and "secret" not in opened.facts
        and opened.facts["status"] == "open"
    )
    assert set(column(tables["episodes"], "split")) == {"train"}
    hidden = [row for row in tables["trials"].to_pylist() if row["split"] == "validation"]
    assert hidden and all(row["score_mean"] is None and row["score_max"] is None and row["env_steps"] for row in hidden)
    assert column(tables["reservations"], "cumulative_env_steps")[-1] == spent.env_steps
    assert "validation and sealed" in repr(opened) and "validation and sealed" in opened._repr_html_()
    over, done = runs[1], runs[2][0]
    assert (
        over.left_out == ("sealed",) and "secret" not in over.facts and "validation" in column(over.episodes, "split")
    )
    assert done.left_out == () and len(done.facts["secret"]) == 64 and "Left out" not in repr(done)
    assert {"train", "validation", "sealed"} == set(column(done.episodes, "split"))


def test_it_prints_its_tables_and_their_sizes(runs):
    done = runs[2][0]
    assert f"versions {len(done.versions)}" in repr(done) and "CartPole-v1 state, default, confirmed" in repr(done)
    assert f"<td>{len(done.trials)}</td>" in done._repr_html_()


def test_loading_leaves_nothing_behind_and_takes_names_folders_and_files(runs, monkeypatch):
    folder = runs[3]
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    rows = len(load(folder).trials)
    monkeypatch.chdir(folder.parent.parent)
    monkeypatch.setattr("fastheur.run_folder.RUNS", folder.parent)
    assert rows == len(load("run").trials) == len(fastheur.load(folder / "ledger.db").trials)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    with pytest.raises(ConfigError, match="There is no run 'rum'"):
        load("rum")
    with pytest.raises(ConfigError, match=r"no table 'trails', expected one of trials, .* Did you mean trials"):
        load(folder).table("trails")


READ = """
import sys
from fastheur.run_tables import load
print(len(load(sys.argv[1]).memory), flush=True)
"""


def test_another_process_reads_what_is_committed_while_a_lab_writes(tmp_path, monkeypatch):
    play_here(monkeypatch)
    with lab_in(tmp_path / "run") as lab:
        lab.call("note", {"text": "one"})
        with lab.run.ledger.at_once("write"):
            lab.run.ledger.add_memory("note", "not yet", 1)
            read = subprocess.run([sys.executable, "-c", READ, str(tmp_path / "run")], capture_output=True, text=True)
        assert read.stdout.strip() == "1", read.stderr
        lab.call("note", {"text": "two"})
        assert len(load(tmp_path / "run").memory) == 3


def test_a_log_that_was_left_where_nothing_can_be_written_is_read_too(runs, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(runs[3] / "ledger.db", copy)
    with closing(sqlite3.connect(copy / "ledger.db")) as db:
        db.execute("INSERT INTO run_memory (kind, text, at, operation) VALUES ('note', 'late', 1.0, 1)")
        db.commit()
        os.replace(shutil.copy(copy / "ledger.db-wal", tmp_path), tmp_path / "log")
        shutil.copy(copy / "ledger.db", tmp_path / "main")
    shutil.rmtree(copy)
    copy.mkdir()
    shutil.copy(tmp_path / "main", copy / "ledger.db")
    shutil.copy(tmp_path / "log", copy / "ledger.db-wal")
    real = sqlite3.connect

    def refused(name, *values, **more):
        if "mode=ro" in str(name) and "immutable" not in str(name):
            raise sqlite3.OperationalError("unable to open database file")
        return real(name, *values, **more)

    monkeypatch.setattr(sqlite3, "connect", refused)
    tables = load(copy)
    assert column(tables.memory, "text")[-1] == "late"
    assert sorted(path.name for path in copy.iterdir()) == ["ledger.db", "ledger.db-wal"]


def test_a_ledger_of_no_run_has_trials_and_episodes(tmp_path):
    path = tmp_path / "ledger.db"
    cards = [fastheur.evaluate("policies/random.py", "CartPole-v1", episodes=3, slots=1, ledger=path) for _ in range(2)]
    tables = load(path)
    total = sum(card.cost.env_steps for card in cards)
    assert column(tables.trials, "cumulative_env_steps") == [cards[0].cost.env_steps, total]
    assert column(tables.trials, "role") == [None, None] and len(tables.episodes) == 6 and len(tables.versions) == 0
    assert column(tables.episodes, "return") == [*cards[0].returns, *cards[1].returns]
    assert tables.facts == {} and str(path) in repr(tables)


def test_an_older_ledger_is_read_and_stays_as_it_is(tmp_path):
    path = written(tmp_path / "ledger.db", SCHEMA_1, "1")
    before = path.read_bytes()
    assert column(load(path).trials, "stop")[1] == "stop_below=300"
    assert path.read_bytes() == before and not list(tmp_path.glob("*.bak"))


def test_what_is_no_ledger_or_a_newer_one_is_refused(tmp_path):
    (tmp_path / "text.db").write_text("no database, but long enough to look at" * 20)
    with pytest.raises(LedgerError, match="damaged or no ledger"):
        load(tmp_path / "text.db")
    path = written(tmp_path / "ledger.db", SCHEMA_1, "99")
    with pytest.raises(LedgerError, match="newer fastheur"):
        load(path)


def test_many_parameters_stay_in_one_column(tmp_path):
    path = written(tmp_path / "ledger.db", SCHEMA_1, "1")
    many = json.dumps({f"p{number}": number for number in range(MOST_PARAMS + 1)})
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE trials SET params = ?", (many,))
        db.commit()
    assert not [name for name in load(path).trials.column_names if name.startswith("params.")]


def test_without_pandas_it_says_what_to_do(runs, monkeypatch):
    class NoPandas:
        def to_pandas(self):
            raise ModuleNotFoundError("No module named 'pandas'")

    monkeypatch.setitem(runs[1]._made, "memory", NoPandas())
    with pytest.raises(ConfigError, match="pip install pandas"):
        runs[1].pandas("memory")
