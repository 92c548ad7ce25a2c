"""The action log keeps what was done bit by bit, whatever the batches; it is asked for, checked, exported and repaired."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastheur import _core, _reference, evaluate, evaluate_many
from fastheur.action_log import ActionLog, first_difference, hash_in, hash_of, unpack
from fastheur.batch import StepBatch
from fastheur.errors import ConfigError, LedgerError
from fastheur.ledger import Ledger
from fastheur.ledger_check import check
from fastheur.ledger_repair import repair
from fastheur.ledger_transfer import export_all, import_all
from fastheur.rollout import Job
from fastheur.spec import BASE_INFO, ActionSpec, Spec

INFO = np.dtype(BASE_INFO)
ACTIONS = {
    "two": ActionSpec("discrete", n=2),
    "many": ActionSpec("discrete", n=1000),
    "huge": ActionSpec("discrete", n=2**40),
    "buttons": ActionSpec("buttons", size=5),
    "floats": ActionSpec("continuous", size=3, low=np.full(3, -1.0), high=np.full(3, 1.0)),
}


def drawn(rng, action):
    if action.kind == "discrete":
        return int(rng.integers(action.n))
    if action.kind == "buttons":
        return rng.integers(0, 2, action.size).astype(float)
    return np.where(rng.random(action.size) < 0.2, -0.0, rng.uniform(-1, 1, action.size))


def played(log, action, lengths, slots, rng):
    """Play episodes of these lengths on ``slots`` slots, rows in random order; return what was done, and as scores say it."""
    spec = Spec("E", "state", "envpool", (1,), np.dtype(float), INFO, action)
    jobs = [Job(number % 2, number // 2, number) for number in range(len(lengths))]
    log.start(spec, jobs, slots, lambda slot: {})
    scores = np.zeros(slots, _core.ACCUMULATOR)
    done, waiting = [[] for _ in lengths], list(range(len(lengths)))
    playing = {slot: waiting.pop(0) for slot in range(min(slots, len(lengths)))}
    while playing:
        order = rng.permutation(list(playing))[: rng.integers(1, len(playing) + 1)].astype(np.int32)
        episodes = np.array([playing[slot] for slot in order])
        info = np.zeros(len(order), INFO)
        info["elapsed"] = [len(done[episode]) for episode in episodes]
        over = np.array([len(done[episode]) == lengths[episode] for episode in episodes])
        scores["length"][order] = info["elapsed"]
        live = np.flatnonzero(~over) if over.any() else None
        actions = np.zeros((len(order), *action.shape), action.dtype)
        batch = StepBatch(order, episodes, None, info, None, None, None, over, over & False, live, actions)
        log.scored(batch, scores)
        for slot in order[over]:
            playing.pop(slot)
            if waiting:
                playing[int(slot)] = waiting.pop(0)
        if live is None or len(live):
            for row in np.flatnonzero(~over):
                actions[row] = drawn(rng, action)
                done[episodes[row]].append(actions[row].copy())
            log.acted(batch)
    return jobs, [np.array(one, action.dtype).reshape(-1, *action.shape) for one in done]


def slow_hash(actions):
    scores = np.zeros(1, _core.ACCUMULATOR)
    scores["action_hash"] = _core.HASH_START
    for action in actions:
        _reference.hash_actions(scores, np.zeros(1, np.int32), action[None])
    return f"{int(scores['action_hash'][0]):016x}"


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(list(ACTIONS)),
    st.lists(st.integers(1, 60), min_size=1, max_size=9),
    st.integers(1, 4),
    st.integers(0, 99),
)
def test_every_action_comes_back_whatever_the_batches(name, lengths, slots, seed):
    log, action = ActionLog(2), ACTIONS[name]
    jobs, done = played(log, action, lengths, slots, np.random.default_rng(seed))
    for job, wanted in zip(jobs, done, strict=True):
        found = unpack(log.blobs[job.candidate][job.index])
        assert found.dtype == action.dtype and found.shape == wanted.shape
        assert found.tobytes() == wanted.tobytes()
        assert hash_of(found) == slow_hash(wanted) == hash_in(log.blobs[job.candidate][job.index])


def test_long_episodes_grow_the_buffers_and_are_compressed():
    log = ActionLog(2)
    _, done = played(log, ACTIONS["two"], [5000, 1100, 1023], 2, np.random.default_rng(0))
    blobs = [log.blobs[0][0], log.blobs[1][0], log.blobs[0][1]]
    assert all(np.array_equal(unpack(blob), one) for blob, one in zip(blobs, done, strict=True))
    assert len(blobs[0]) < 5000 / 4 and len(blobs[2]) > 1023


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1"])
def test_the_ledger_keeps_actions_that_have_the_recorded_hash(tmp_path, env):
    path = tmp_path / "ledger.db"
    cards = [
        evaluate("policies/random.py", env, episodes=7, slots=slots, ledger=path, actions=True) for slots in (1, 3)
    ]
    with Ledger(path) as ledger:
        for card in cards:
            for episode in card.episodes:
                actions = ledger.actions(card.trial, episode.index)
                assert len(actions) == episode.length and hash_of(actions) == episode.action_hash
        assert ledger.actions(1, 99) is None
    assert check(path).sound


def test_candidates_of_one_pool_have_their_own_actions(tmp_path, random_kernel):
    path = tmp_path / "ledger.db"
    rows = [{"n": 2, "repeat": repeat} for repeat in (0.0, 0.9)]
    cards = evaluate_many(random_kernel, "CartPole-v1", rows, episodes=5, slots=3, ledger=path, actions=True)
    with Ledger(path) as ledger:
        for card in cards:
            assert [hash_of(ledger.actions(card.trial, one.index)) for one in card.episodes] == [
                one.action_hash for one in card.episodes
            ]


def test_cut_episodes_have_the_actions_that_were_taken(tmp_path):
    path = tmp_path / "ledger.db"
    card = evaluate(
        "policies/random.py",
        "atari/pong",
        episodes=2,
        slots=2,
        stop_stalled=40,
        max_steps=400,
        ledger=path,
        actions=True,
    )
    assert card.cut == 2
    with Ledger(path) as ledger:
        for one in card.episodes:
            assert hash_of(ledger.actions(card.trial, one.index)) == one.action_hash


def test_without_being_asked_for_nothing_is_kept(tmp_path):
    path = tmp_path / "ledger.db"
    card = evaluate("policies/random.py", "CartPole-v1", episodes=3, ledger=path)
    with Ledger(path) as ledger:
        assert ledger.actions(card.trial, 0) is None
    with pytest.raises(ConfigError, match=r"actions=true keeps .* ledger=FILE"):
        evaluate("policies/random.py", "CartPole-v1", episodes=3, actions=True)
    with pytest.raises(ConfigError, match="actions is 1, expected true or false"):
        evaluate("policies/random.py", "CartPole-v1", episodes=3, actions=1, ledger=path)


def test_the_first_difference_is_the_step_at_which_two_episodes_part():
    one = np.array([0, 1, 1, 0])
    assert first_difference(one, one) is None
    assert first_difference(one, np.array([0, 1, 0, 0])) == 2
    assert first_difference(one, one[:3]) == first_difference(one[:3], one) == 3
    wide = np.array([[0.0, 1.0], [0.5, -0.0]])
    assert first_difference(wide, np.array([[0.0, 1.0], [0.5, 0.0]])) is None
    assert first_difference(wide, np.array([[0.0, 1.0], [0.5, 1e-300]])) == 1


@pytest.fixture
def kept(tmp_path):
    """A ledger with the actions of three episodes."""
    path = tmp_path / "ledger.db"
    evaluate("policies/random.py", "CartPole-v1", episodes=3, slots=1, ledger=path, actions=True)
    return path


def change(path, statement):
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        ("blob = substr(blob, 1, 3)", "damaged action log"),
        ("blob = CAST(x'ff' || substr(blob, 2) AS BLOB)", "version 255, expected 1"),
        ("blob = x''", "damaged action log"),
        ("blob = substr(blob, 1, 12)", "damaged action log"),
    ],
)
def test_damaged_actions_are_told_found_and_left_out_by_a_repair(kept, damage, problem):
    change(kept, f"UPDATE actions SET {damage} WHERE episode = 1")
    with Ledger(kept) as ledger, pytest.raises(LedgerError, match=f"episode 1 of trial 1: .*({problem})"):
        ledger.actions(1, 1)
    assert any("actions kept of episode 1 of trial 1" in finding.text for finding in check(kept).findings)
    done = repair(kept)
    assert done.report.sound and done.done == ("1 kept actions left out, that are not those of an episode",)
    with Ledger(kept) as ledger:
        assert ledger.actions(1, 1) is None and ledger.actions(1, 2) is not None


def test_actions_of_another_episode_are_found(kept):
    change(kept, "UPDATE actions SET blob = (SELECT blob FROM actions WHERE episode = 0) WHERE episode = 2")
    assert not check(kept).sound and repair(kept).report.sound


def test_a_full_export_takes_the_actions_along(kept, tmp_path):
    export_all(kept, tmp_path / "all.jsonl")
    import_all(tmp_path / "all.jsonl", tmp_path / "new.db")
    with Ledger(kept) as old, Ledger(tmp_path / "new.db") as new:
        assert all(np.array_equal(old.actions(1, index), new.actions(1, index)) for index in range(3))
