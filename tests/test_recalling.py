"""From a ledger to what has to be played: which trial, which episode, and what may be seen when."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from labs import START, STRONG
from recalled_runs import change, make_run, rows, trials_of

from fastheur.errors import ConfigError, LedgerError
from fastheur.evaluation import evaluate
from fastheur.recalling import recall
from fastheur.seeds import episode_seeds


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """An evaluation's ledger: the weak policy, the strong one, a sealed reading, and warm slots."""
    folder = tmp_path_factory.mktemp("evals")
    for name, source in (("weak.py", START), ("strong.py", STRONG)):
        (folder / name).write_text(source)
        evaluate(folder / name, "CartPole-v1", episodes=5, ledger=folder / "ledger.db")
    evaluate(folder / "weak.py", "CartPole-v1", episodes=2, split="sealed", ledger=folder / "ledger.db")
    evaluate(folder / "weak.py", "CartPole-v1", episodes=2, warm=True, ledger=folder / "ledger.db")
    return folder / "ledger.db"


def index(run, **words):
    return recall(run, **words)[0].index


def test_an_episode_is_recalled_from_the_rows_alone(run):
    [row] = rows(run, "SELECT * FROM episodes WHERE trial = 1 AND episode = 2")
    shown, other = recall(run, trial=1, episode=2)
    assert other is None and (shown.trial, shown.index, shown.version, shown.role) == (1, 2, "v1", "train")
    assert shown.seed == episode_seeds("train", 2, 1)[0]
    assert shown.source == START and dict(shown.values) == {"far": 0, "turn": 0.0}
    assert shown.task.env_id == "CartPole-v1" and shown.isolation == "none" and "numpy" in shown.versions
    recorded = shown.recorded
    assert (recorded.action_hash, recorded.ret, recorded.length) == (row["action_hash"], row["ret"], row["length"])


def test_episodes_are_chosen_by_return_and_of_equal_ones_the_first(run):
    found = rows(run, "SELECT episode, ret FROM episodes WHERE trial = 1")
    ordered = [one["episode"] for one in sorted(found, key=lambda one: (one["ret"], one["episode"]))]
    assert index(run, trial=1) == index(run, trial=1, episode="worst") == ordered[0]
    assert index(run, trial=1, episode="best") == ordered[-1]
    assert index(run, trial=1, episode="median") == ordered[1]
    assert index(run, trial=3, episode="best") == index(run, trial=3, episode="worst") == 0


def test_a_run_is_entered_by_its_champion_or_a_version(run):
    assert recall(run)[0].trial == recall(run, trial="champion")[0].trial == recall(run, trial="v2")[0].trial == 3
    assert recall(run, trial="v1")[0].trial == recall(run, trial="1")[0].trial == 1


def test_changed_is_where_the_returns_differ_most_from_the_parent(run):
    weak = {one["episode"]: one["ret"] for one in rows(run, "SELECT episode, ret FROM episodes WHERE trial = 1")}
    shown, other = recall(run, trial="v2", episode="changed")
    assert shown.index == other.index == min(weak, key=lambda place: weak[place])
    assert (shown.trial, other.trial) == (3, 1)
    assert recall(run, trial=3, episode=2, against="v1")[1].recorded.ret == weak[2]


def test_the_validation_episodes_of_a_version_are_compared_whichever_trial_played_them(run):
    mine, theirs = trials_of(run, "validation")[2:4]
    shown, other = recall(run, trial=mine, episode=5, against="v1")
    assert (shown.trial, other.trial, shown.split) == (mine, theirs, "validation")


def test_of_equal_returns_changed_is_the_first_with_other_actions(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    change(copy, "UPDATE episodes SET ret = 7 WHERE trial IN (1, 3)")
    change(copy, "UPDATE episodes SET action_hash = 'same' WHERE trial IN (1, 3) AND episode < 2")
    assert index(copy, trial="v2", episode="changed") == 2
    change(copy, "UPDATE episodes SET action_hash = 'same' WHERE trial IN (1, 3)")
    with pytest.raises(ConfigError, match=r"Nothing changed.*same actions in all 4"):
        recall(copy, trial="v2", episode="changed")


def test_a_row_of_a_search_is_compared_with_the_version_whose_parameters_it_varies(run):
    search = trials_of(run, "search")[0]
    shown, other = recall(run, trial=search, episode="changed")
    assert (shown.role, shown.version, other.version, other.trial) == ("search", "v1", "v1", 1)
    assert shown.values != other.values


def test_golden_cases_are_recalled_with_their_own_indices(run):
    shown, _ = recall(run, trial=trials_of(run, "golden")[0])
    assert shown.index >= 1_000_000 and shown.role == "golden" and shown.split == "train"


def test_validation_and_sealed_episodes_are_seen_only_when_the_run_is_over(run):
    opened = run.parent / "open"
    for role in ("validation", "golden", "train"):
        trial = trials_of(opened, role)[0]
        if role == "validation":
            with pytest.raises(ConfigError, match="its run is still open: they can be seen when"):
                recall(opened, trial=trial)
        else:
            recall(opened, trial=trial)
        assert recall(run, trial=trial)[0].trial == trial
    sealed = trials_of(run, "sealed")[0]
    [secret] = rows(run, "SELECT secret FROM sealed_reads WHERE trial = ?", sealed)
    shown, _ = recall(run, trial=sealed, episode=3)
    assert shown.seed == episode_seeds("sealed", 3, 1, secret["secret"])[0]


def test_a_sealed_trial_of_a_run_that_is_open_again_is_refused(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    change(copy, "UPDATE meta SET value = '\"over\"' WHERE key = 'status'")
    with pytest.raises(ConfigError, match="played on sealed episodes, and its run is still open"):
        recall(copy, trial=trials_of(copy, "sealed")[0])


def test_a_policy_that_failed_is_recalled_without_anything_to_compare_with(run):
    shown, _ = recall(run, trial="v3")
    assert shown.index == 0 and shown.recorded is None and "did not finish episode 0" in shown.remark
    assert recall(run, trial="v3", episode=2)[0].index == 2


def test_an_evaluations_ledger_is_entered_by_its_last_finished_trial(ledger):
    shown, _ = recall(ledger)
    assert shown.trial == 3 and shown.split == "sealed" and shown.version is None
    shown, other = recall(ledger, trial=2, episode="changed", against=1)
    assert (shown.trial, other.trial) == (2, 1)
    with pytest.raises(ConfigError, match="say what to compare with: against=TRIAL"):
        recall(ledger, trial=2, episode="changed")


def test_where_all_episodes_are_the_same_any_index_may_be_named(tmp_path):
    ledger = tmp_path / "ledger.db"
    (tmp_path / "still.py").write_text("OBS = 'ram'\ndef act(obs, info, state, params):\n    return 0\n")
    evaluate(tmp_path / "still.py", "atari/pong", max_steps=40, ledger=ledger)
    shown, _ = recall(ledger, episode=5)
    assert shown.index == 0 and "Episode 5 was not played" in shown.remark and "same as episode 0" in shown.remark


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"trial": 99}, "There is no trial 99 in .*; it has trials 1 .. 4"),
        ({"trial": 10**30}, "There is no trial 10{30} in "),
        ({"trial": "v1"}, "trial is 'v1', expected a number.*has no versions"),
        ({"trial": "champion"}, "has no champion"),
        ({"trial": 4}, r"Trial 4 was played in used slots \(warm=true\)"),
        ({"trial": 1, "episode": 77}, r"trial 1 .* has no episode 77; it has 0 .. 4"),
        ({"trial": 1, "episode": "wurst"}, "episode is 'wurst', expected its index, or one of worst, best"),
        ({"trial": 1, "episode": -1}, "episode is -1"),
        ({"trial": 3, "against": 1}, r"trial 1 \(.*weak.*\) is the same policy with the same parameters as trial 3"),
        ({"trial": 3, "against": 2}, r"trial 2 \(.*strong.*\) has not played sealed episodes"),
    ],
)
def test_what_is_not_there_is_said(ledger, words, says):
    with pytest.raises(ConfigError, match=says):
        recall(ledger, **words)


def test_a_run_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ConfigError, match="There is no run"):
        recall(tmp_path / "none")


def test_a_source_that_is_not_the_one_of_its_hash_is_not_played(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    change(copy, "UPDATE policies SET source = source || '#'")
    with pytest.raises(LedgerError, match="is not the one of its hash"):
        recall(copy, trial=1)


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("trials SET params = '[1]'", "params that are no JSON object"),
        ("trials SET versions = 'null'", "versions that are no JSON object"),
        ("trials SET split = 'weird'", "was played on 'weird', expected one of train"),
        ("episodes SET ret = 'much'", "has the return 'much', expected a number"),
    ],
)
def test_rows_that_were_changed_to_nonsense_are_said(ledger, tmp_path, what, says):
    copy = Path(shutil.copy(ledger, tmp_path))
    change(tmp_path, f"UPDATE {what}")
    with pytest.raises(LedgerError, match=says):
        recall(copy, trial=1)


@pytest.mark.parametrize("where", [None, 3, "x" * 5000, "a\0b"])
def test_what_names_no_run_is_said(where):
    with pytest.raises(ConfigError, match=r"The run is .*, expected its name|There is no run"):
        recall(where)


def test_recalling_never_writes_to_a_ledger_an_older_one_included(ledger, tmp_path):
    old = Path(shutil.copy(ledger, tmp_path))
    with closing(sqlite3.connect(old)) as db:
        db.executescript("DROP TABLE actions; UPDATE meta SET value = '2' WHERE key = 'schema_version'")
        db.execute("PRAGMA journal_mode=DELETE")
    before = old.read_bytes()
    old.chmod(0o444)
    shown, _ = recall(old)
    assert shown.recorded is not None and shown.recorded.actions is None
    assert old.read_bytes() == before and list(tmp_path.iterdir()) == [old]


def test_an_empty_file_is_no_ledger_and_stays_empty(tmp_path):
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(LedgerError, match="no ledger of fastheur"):
        recall(empty)
    assert not empty.stat().st_size
