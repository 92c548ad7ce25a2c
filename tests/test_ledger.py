"""The ledger keeps every trial, every episode and every source, and never loses what it has."""

import json
import sqlite3
import subprocess
import sys
import time

import pytest

from fastheur import database, evaluate, evaluate_many
from fastheur.errors import ActionError, LedgerError
from fastheur.ledger import Ledger
from fastheur.ledger_export import EXPORT_FIELDS
from fastheur.loading import policy_from_source


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "ledger.db"


def rows(path, query, *arguments):
    with sqlite3.connect(path) as db:
        return db.execute(query, arguments).fetchall()


def test_an_evaluation_is_a_trial_with_its_episodes_and_its_source(path, random_kernel):
    card = evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=7, ledger=path, notes="why not")
    [trial] = Ledger(path).trials()
    assert trial["trial"] == card.trial and trial["status"] == "finished" and trial["notes"] == "why not"
    assert (trial["env_steps"], trial["episodes"], trial["score_mean"]) == (card.cost.env_steps, 7, card.mean)
    assert json.loads(trial["params"]) == {"n": 2, "repeat": 0.5}
    assert {"envpool", "numpy", "numba", "fastheur"} <= set(json.loads(trial["versions"]))
    assert trial["tokens"] is None and trial["money"] is None and trial["model_steps"] is None
    assert rows(path, "SELECT ret, length, action_hash FROM episodes ORDER BY episode") == [
        (e.ret, e.length, e.action_hash) for e in card.episodes
    ]
    assert rows(path, "SELECT source FROM policies WHERE sha256 = ?", random_kernel.sha256) == [(random_kernel.source,)]


def test_it_is_wal_with_full_synchronous(path):
    opened = Ledger(path)
    assert opened._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert opened._db.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_a_failed_trial_has_its_steps_and_its_reason_but_no_score(path):
    source = "OBS = 'state'\ndef act(obs, info, state, params):\n    return 0 if info.elapsed < 5 else 7\n"
    with pytest.raises(ActionError):
        evaluate(policy_from_source(source, "p.py"), "CartPole-v1", episodes=4, ledger=path)
    [trial] = Ledger(path).trials()
    assert trial["status"] == "failed" and trial["score_mean"] is None and "action 7" in trial["error"]
    assert trial["env_steps"] == 4 * 5


def test_sealed_reads_are_counted_and_the_secret_is_written_only_when_the_run_has_ended(path, random_kernel):
    seen = []

    def progress(*_):
        seen.extend(rows(path, "SELECT secret FROM sealed_reads WHERE secret IS NOT NULL"))

    settings = {"params": {"n": 2}, "episodes": 1, "split": "sealed", "ledger": path}
    card = evaluate(random_kernel, "CartPole-v1", progress=progress, **settings)
    assert seen == [] and rows(path, "SELECT secret FROM sealed_reads") == [(card.sealed_secret,)]
    evaluate(random_kernel, "CartPole-v1", **settings)
    evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=1, ledger=path)
    assert Ledger(path).sealed_reads() == 2


def test_the_export_has_the_references_field_names_and_running_totals(path, tmp_path, random_kernel):
    cards = [evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=3, ledger=path) for _ in range(2)]
    lines, table = Ledger(path).export(tmp_path / "out", "CartPole-v1")
    records = [json.loads(line) for line in lines.read_text().splitlines()]
    assert tuple(records[0]) == EXPORT_FIELDS
    assert [record["cumulative_env_steps"] for record in records] == [
        cards[0].cost.env_steps,
        2 * cards[0].cost.env_steps,
    ]
    assert records[1]["cumulative_episodes"] == 6 and records[0]["policy_config"] == '{"n": 2, "repeat": 0.5}'
    assert (
        table.read_text()
        .splitlines()[0]
        .startswith("trial_index,timestamp,env_id,obs_mode,trial_name,episodes_finished")
    )


def test_a_population_folds_into_its_best_candidate_with_the_cost_of_all(path, tmp_path, random_kernel):
    evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=1, ledger=path)
    rows_ = [{"n": 1}, {"n": 2}, {"n": 2, "repeat": 0.9}]
    cards = evaluate_many(random_kernel, "CartPole-v1", rows_, episodes=4, ledger=path)
    lines, _ = Ledger(path).export(tmp_path / "out", fold=True)
    single, folded = [json.loads(line) for line in lines.read_text().splitlines()]
    assert single["candidates"] == 1 and folded["candidates"] == 3
    assert folded["env_steps"] == sum(card.cost.env_steps for card in cards)
    assert folded["score_mean"] == max(card.mean for card in cards)


def test_several_processes_share_one_ledger(path):
    code = (
        "import sys; from fastheur import evaluate\n"
        "for _ in range(4): evaluate('random', 'CartPole-v1', episodes=2, ledger=sys.argv[1])"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(path)]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert [trial["status"] for trial in Ledger(path).trials()] == ["finished"] * 12


def test_a_damaged_ledger_is_named_and_left_alone(path):
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerError, match="damaged or no ledger"):
        evaluate("random", "CartPole-v1", episodes=1, ledger=path)
    assert path.read_bytes() == b"this is no database" * 100


def test_a_newer_schema_is_refused(path):
    Ledger(path)._db.execute("UPDATE meta SET value = '99'")
    with pytest.raises(LedgerError, match="schema 99"):
        Ledger(path)


def test_a_locked_ledger_is_waited_for_and_then_named(path, monkeypatch):
    Ledger(path)
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="another process has kept it locked"):
        evaluate("random", "CartPole-v1", episodes=1, ledger=path)


def test_a_full_disk_stops_with_a_clear_error_and_keeps_every_earlier_row(path, random_kernel):
    evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=5, ledger=path)
    before = rows(path, "SELECT count(*) FROM episodes")[0][0]
    opened = Ledger(path)
    pages = opened._db.execute("PRAGMA page_count").fetchone()[0]
    opened._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite then reports a full disk by itself
    from fastheur.rollout import Episode

    flood = [Episode(0, k, 0.0, 1, True, 0, -1, 0, 0, 0, "0" * 16, False) for k in range(1000, 9000)]
    with pytest.raises(LedgerError, match="the disk is full"):
        opened.add_episodes(1, "train", flood)
    assert rows(path, "SELECT count(*) FROM episodes")[0][0] == before


def test_a_result_that_can_no_longer_be_written_is_still_told(path, monkeypatch, random_kernel):
    evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=1, ledger=path)

    def full(self, *_, **__):
        self._db.execute("PRAGMA max_page_count = 1")
        with self._explained("settle a trial"):
            self._db.execute("CREATE TABLE filler AS SELECT zeroblob(10000000) AS bytes_")

    monkeypatch.setattr(Ledger, "finish", full)
    with pytest.raises(LedgerError, match=r"the disk is full.* Measured: CartPole-v1 state default/train: \d+"):
        evaluate(random_kernel, "CartPole-v1", params={"n": 2}, episodes=3, ledger=path)
    assert rows(path, "SELECT count(*) FROM trials WHERE status = 'finished'") == [(1,)]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"Cannot open in the ledger .*: (Not a directory|File exists)"):
        Ledger(tmp_path / "file" / "ledger.db")


def test_a_killed_run_leaves_its_trial_and_its_finished_episodes(path):
    code = (
        "import sys; from fastheur import evaluate\n"
        "evaluate(None, 'CartPole-v1', episodes=20000, slots=8, threads=1, ledger=sys.argv[1])"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)])
    deadline = time.time() + 60
    while time.time() < deadline:
        time.sleep(0.2)
        if (
            path.exists()
            and rows(path, "SELECT count(*) FROM sqlite_master")[0][0] > 4
            and rows(path, "SELECT count(*) FROM episodes")[0][0]
        ):
            break
    process.kill()
    process.wait()
    [trial] = Ledger(path).trials()
    assert trial["status"] == "running"
    kept = rows(path, "SELECT sum(length), count(*) FROM episodes")[0]
    assert (trial["env_steps"], trial["episodes"]) == kept
    assert rows(path, "SELECT count(*) FROM episodes")[0][0] > 0
