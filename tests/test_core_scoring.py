"""Scoring and action checks of the compiled core against their plain Python twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastheur import _core as core
from fastheur import _reference as twin
from fastheur.spec import BASE_INFO

FEW = settings(derandomize=True, deadline=None, max_examples=60)
REWARDS = st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.1, 1e16, -1e16, 400.0])


def fresh(slots, lives=3):
    acc = np.zeros(slots, core.ACCUMULATOR)
    core.score_reset(acc, np.arange(slots, dtype=np.int32), np.full(slots, lives, np.int32))
    return acc


def i4(*values):
    return np.array(values, np.int32)


@st.composite
def episodes(draw):
    """A few batched steps over at most five slots, with repeated and missing slots."""
    size = draw(st.integers(1, 5))
    steps = []
    for _ in range(draw(st.integers(0, 6))):
        rows = draw(st.integers(0, 7))
        steps.append(
            (
                np.array(draw(st.lists(st.integers(0, size - 1), min_size=rows, max_size=rows)), np.int32),
                np.array(draw(st.lists(REWARDS, min_size=rows, max_size=rows))),
                np.array(draw(st.lists(st.integers(-1, 5), min_size=rows, max_size=rows)), np.int32),
            )
        )
    return size, steps


@FEW
@given(episodes(), st.sampled_from([np.float32, np.float64]), st.sampled_from([1.0, 0.99, 0.0]))
def test_steps_give_the_same_bits_as_the_plain_loop(episode, dtype, gamma):
    size, steps = episode
    fast, slow = fresh(size), fresh(size)
    for slots, rewards, lives in steps:
        core.score_step(fast, slots, rewards.astype(dtype), lives, gamma)
        twin.score_step(slow, slots, rewards.astype(dtype), lives, gamma)
    assert fast.tobytes() == slow.tobytes()


def test_the_accumulator_is_the_twins():
    assert core.ACCUMULATOR == twin.ACCUMULATOR
    assert core.ACCUMULATOR.itemsize == 72
    assert core.HASH_START == twin.HASH_START


def test_a_reset_restarts_only_the_named_slots():
    acc = fresh(3)
    core.score_step(acc, i4(0, 1, 2), np.ones(3), i4(3, 2, 1))
    before = acc.copy()
    core.score_reset(acc, i4(1), i4(5))
    expected = np.zeros(3, core.ACCUMULATOR)
    twin.score_reset(expected, i4(1), i4(5))
    assert acc[1] == expected[1]
    assert (acc[[0, 2]] == before[[0, 2]]).all()


def test_best_and_worst_are_extremes_of_the_running_return_from_zero():
    acc = fresh(1)
    for reward in (-2.0, 5.0, -1.0):
        core.score_step(acc, i4(0), np.array([reward]), i4(3))
    assert (acc["ret"][0], acc["best"][0], acc["worst"][0]) == (2.0, 3.0, -2.0)
    core.score_reset(acc, i4(0), i4(3))
    core.score_step(acc, i4(0), np.array([4.0]), i4(3))
    assert acc["worst"][0] == 0.0


def test_float32_rewards_are_summed_in_float64():
    acc = fresh(1)
    for _ in range(1000):
        core.score_step(acc, i4(0), np.array([2.0**25, 1.0], np.float32)[1:], i4(3))
    core.score_step(acc, i4(0), np.array([2.0**25], np.float32), i4(3))
    assert acc["ret"][0] == 2.0**25 + 1000


def test_lives_count_when_they_drop_and_not_when_they_rise():
    acc = fresh(1, lives=3)
    for lives in (3, 1, 4, 3):
        core.score_step(acc, i4(0), np.zeros(1), i4(lives))
    assert acc["lives_lost"][0] == 3
    assert acc["lives"][0] == 3


def test_the_last_reward_step_ignores_zero_rewards():
    acc = fresh(1)
    assert acc["last_reward_step"][0] == -1
    for reward in (0.0, -1.0, 0.0, -0.0):
        core.score_step(acc, i4(0), np.array([reward]), i4(3))
    assert (acc["last_reward_step"][0], acc["length"][0]) == (2, 4)


def test_the_discount_weighs_rewards_by_gamma_to_the_t():
    acc = fresh(1)
    for _ in range(3):
        core.score_step(acc, i4(0), np.ones(1), i4(3), gamma=0.5)
    assert (acc["discounted"][0], acc["discount"][0]) == (1.75, 0.125)


ACTIONS = st.one_of(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=0, max_size=12).map(lambda v: np.array(v, np.int64)),
    st.lists(st.floats(width=64), min_size=0, max_size=12).map(lambda v: np.array(v, np.float64)),
)


@FEW
@given(ACTIONS, st.integers(1, 4))
def test_hashes_are_those_of_the_documented_formula(values, width):
    rows = values[: len(values) // width * width].reshape(-1, width)
    slots = (np.arange(len(rows)) % 3).astype(np.int32)
    for actions in [rows, rows[:, 0]]:
        fast, slow = fresh(3), fresh(3)
        core.hash_actions(fast, slots, actions)
        twin.hash_actions(slow, slots, np.ascontiguousarray(actions))
        assert fast.tobytes() == slow.tobytes()


def hash_of(*actions):
    acc = fresh(1)
    for action in actions:
        core.hash_actions(acc, i4(0), np.array([action]))
    return int(acc["action_hash"][0])


def test_the_hash_has_known_values():
    assert hash_of() == 0x243F6A8885A308D3
    assert hash_of(0) == 0x2CB0F69F4ABEA221
    assert hash_of(1, 2, 3) == 0x431C72773DD2AE2F


def test_the_hash_tells_order_and_number_of_actions_apart():
    sequences = [(), (0,), (0, 0), (0, 0, 0), (1, 2), (2, 1), (1, 2, 0), (0, 1, 2)]
    assert len({hash_of(*actions) for actions in sequences}) == len(sequences)


def test_no_short_sequence_of_eighteen_actions_collides():
    hashes = {hash_of(a, b, c) for a in range(18) for b in range(18) for c in range(18)}
    assert len(hashes) == 18**3


def test_the_hash_takes_negative_zero_as_zero_and_rows_as_sequences():
    assert hash_of(-0.0) == hash_of(0.0)
    acc = fresh(1)
    core.hash_actions(acc, i4(0), np.array([[1, 2, 3]]))
    assert int(acc["action_hash"][0]) == hash_of(1, 2, 3)


@FEW
@given(st.lists(st.integers(-3, 8), max_size=9), st.integers(1, 6))
def test_the_first_invalid_discrete_action_is_found(values, n):
    actions = np.array(values, np.int64)
    assert core.check_discrete(actions, n) == twin.check_discrete(actions, n)


def test_extreme_discrete_actions_are_invalid():
    for value in (-(2**63), -1, 2**63 - 1):
        assert core.check_discrete(np.array([0, value]), 3) == 1


@FEW
@given(st.data(), st.integers(0, 5), st.integers(1, 4))
def test_the_first_invalid_continuous_action_is_found(data, rows, width):
    pick = st.sampled_from([0.0, -0.0, 1.0, -1.0, 1.0000001, -1.5, np.nan, np.inf, -np.inf, 1e308])
    size = rows * width
    actions = np.array(data.draw(st.lists(pick, min_size=size, max_size=size)), np.float64).reshape(rows, width)
    low = np.array(data.draw(st.lists(st.sampled_from([-1.0, -np.inf, np.nan]), min_size=width, max_size=width)))
    high = np.array(data.draw(st.lists(st.sampled_from([1.0, np.inf]), min_size=width, max_size=width)))
    assert core.check_continuous(actions, low, high) == twin.check_continuous(actions, low, high)


def test_strided_inputs_give_the_same_result():
    slots, lives = np.arange(10, dtype=np.int32)[::2], np.arange(10, dtype=np.int32)[::-2]
    rewards = np.arange(10, dtype=np.float32)[1::2]
    fast, slow = fresh(10), fresh(10)
    core.score_step(fast, slots, rewards, lives)
    twin.score_step(slow, slots, rewards, lives)
    actions = np.asfortranarray(np.random.default_rng(0).normal(size=(5, 3)))
    core.hash_actions(fast, slots, actions)
    twin.hash_actions(slow, slots, np.ascontiguousarray(actions))
    assert fast.tobytes() == slow.tobytes()
    assert core.check_discrete(np.array([0, 9, 1, 9])[::2], 3) == -1


def test_an_accumulator_saved_and_loaded_is_accepted(tmp_path):
    acc = fresh(2)
    np.save(tmp_path / "acc.npy", acc)
    loaded = np.load(tmp_path / "acc.npy")
    core.score_step(loaded, i4(1), np.ones(1), i4(3))
    assert loaded["ret"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize("slot", [-1, 2, 2**31 - 1, -(2**31)])
def test_a_slot_out_of_range_is_an_index_error_and_changes_nothing(slot):
    acc = fresh(2)
    before = acc.tobytes()
    with pytest.raises(IndexError, match=rf"slots\[1\] is {slot}, expected 0..1"):
        core.score_step(acc, i4(0, slot), np.ones(2), i4(3, 3))
    with pytest.raises(IndexError, match=r"slots\[1\]"):
        core.score_reset(acc, i4(0, slot), i4(1, 1))
    with pytest.raises(IndexError, match=r"slots\[1\]"):
        core.hash_actions(acc, i4(0, slot), np.zeros(2, np.int64))
    assert acc.tobytes() == before


def read_only():
    acc = fresh(4)
    acc.flags.writeable = False
    return acc


SLOTS, LIVES, ONES = i4(0, 1), i4(3, 3), np.ones(2)
BAD_CALLS = [
    (TypeError, "got list", lambda: core.score_step([], SLOTS, ONES, LIVES)),
    (TypeError, "ACCUMULATOR, got float64", lambda: core.score_step(np.zeros(4), SLOTS, ONES, LIVES)),
    (ValueError, "1 dimension", lambda: core.score_step(fresh(4).reshape(2, 2), SLOTS, ONES, LIVES)),
    (ValueError, "contiguous", lambda: core.score_step(fresh(4)[::2], SLOTS, ONES, LIVES)),
    (ValueError, "writeable", lambda: core.score_step(read_only(), SLOTS, ONES, LIVES)),
    (
        TypeError,
        "slots must have dtype int32, got int64",
        lambda: core.score_step(fresh(4), SLOTS * 1 + np.int64(0), ONES, LIVES),
    ),
    (
        TypeError,
        "rewards must have dtype float64, got int64",
        lambda: core.score_step(fresh(4), SLOTS, np.ones(2, int), LIVES),
    ),
    (TypeError, "rewards must be a NumPy array", lambda: core.score_step(fresh(4), SLOTS, [1.0, 1.0], LIVES)),
    (TypeError, "lives must have dtype int32", lambda: core.score_step(fresh(4), SLOTS, ONES, ONES)),
    (
        ValueError,
        r"rewards must have one row per slot \(2\), got 3",
        lambda: core.score_step(fresh(4), SLOTS, np.ones(3), LIVES),
    ),
    (ValueError, "lives must have one row per slot", lambda: core.score_reset(fresh(4), SLOTS, LIVES[:1])),
    (ValueError, "dimension", lambda: core.score_step(fresh(4), SLOTS[None], ONES, LIVES)),
    (TypeError, "int64 or float64, got float32", lambda: core.hash_actions(fresh(4), SLOTS, np.ones(2, np.float32))),
    (TypeError, "got list", lambda: core.hash_actions(fresh(4), SLOTS, [1, 2])),
    (ValueError, "1 or 2 dimensions", lambda: core.hash_actions(fresh(4), SLOTS, np.ones((2, 1, 1)))),
    (ValueError, "at least one column", lambda: core.hash_actions(fresh(4), SLOTS, np.ones((2, 0)))),
    (ValueError, "one row per slot", lambda: core.hash_actions(fresh(4), SLOTS, np.ones((3, 2)))),
    (TypeError, "dtype int64, got float64", lambda: core.check_discrete(ONES, 3)),
    (ValueError, "n must be at least 1, got 0", lambda: core.check_discrete(np.zeros(2, np.int64), 0)),
    (ValueError, r"shape \(3,\), got \(2,\)", lambda: core.check_continuous(np.ones((2, 3)), ONES, ONES)),
    (TypeError, "low must have dtype float64", lambda: core.check_continuous(np.ones((2, 2)), SLOTS, ONES)),
]


@pytest.mark.parametrize(("error", "message", "call"), BAD_CALLS, ids=[f"{e.__name__}-{m}" for e, m, _ in BAD_CALLS])
def test_bad_arguments_are_named_in_the_error(error, message, call):
    with pytest.raises(error, match=message):
        call()


FACTS = np.dtype([*BASE_INFO, ("extra", np.float64)], align=True)


def columns(draw, width, rows):
    """Random rows of a step of ``width`` places, with and without the columns that not every task has."""

    def column(values, dtype):
        return np.array(draw(st.lists(values, min_size=rows, max_size=rows)), dtype)

    return (
        column(st.integers(0, width - 1), np.int32),
        column(st.sampled_from([0.0, -0.0, 1.0, -2.5, 0.1, 1e30, np.inf]), np.float32),
        column(st.booleans(), bool),
        column(st.booleans(), bool),
        column(st.integers(-3, 2**31 - 1), np.int32),
        column(st.sampled_from([0, 1, -1]), np.int32) if draw(st.booleans()) else None,
        column(st.integers(-1, 9), np.int32) if draw(st.booleans()) else None,
    )


def absorbed(transitions, rows, going):
    """What a compiled ``Transitions`` shows of its last step, as the twin shows it."""
    shown = {name: getattr(transitions, name)[:rows].tolist() for name in ("slots", "episodes", "first", "lives")}
    shown |= {name: getattr(transitions, name)[:rows].tolist() for name in ("terminated", "truncated")}
    shown |= {name: transitions.info[name][:rows].tolist() for name in ("reward", "elapsed")}
    assert transitions.info["lives"][:rows].tolist() == shown["lives"]
    return shown | {"live": transitions.live[:going].tolist()}


@FEW
@given(st.data(), st.integers(1, 6))
def test_transitions_are_those_of_the_plain_loop(data, width):
    slots = np.array(data.draw(st.lists(st.integers(0, 99), min_size=width, max_size=width)), np.int32)
    fast, slow = core.Transitions(slots, FACTS), twin.Transitions(slots)
    for _ in range(data.draw(st.integers(1, 5))):
        for place in data.draw(st.lists(st.integers(0, width - 1), max_size=3)):
            episode = data.draw(st.integers(0, 2**62))
            fast.begin(place, episode)
            slow.begin(place, episode)
        rows = data.draw(st.integers(0, width))
        step = columns(data.draw, width, rows)
        counts = fast.absorb(*step)
        assert counts == slow.absorb(*step)
        shown = absorbed(fast, rows, counts[0])
        assert shown == {name: getattr(slow, name) for name in shown}
        assert not fast.info["extra"].any()


def test_transitions_take_strided_columns_and_no_rows():
    fast, slow = core.Transitions(i4(5, 6, 7), FACTS), twin.Transitions(i4(5, 6, 7))
    step = (i4(0, 9, 2, 9)[::2], np.arange(4, dtype=np.float32)[1::2], np.array([0, 1, 1, 0], bool)[::2],
            np.zeros(4, bool)[::2], i4(1, 2, 3, 4)[::-2], i4(0, 1, 0, 1)[::2], i4(3, 0, 2, 0)[::2])  # fmt: skip
    assert fast.absorb(*step) == slow.absorb(*step)
    assert absorbed(fast, 2, 1) == {name: getattr(slow, name) for name in absorbed(fast, 2, 1)}
    nothing = (i4(), np.zeros(0, np.float32), np.zeros(0, bool), np.zeros(0, bool), i4())
    assert fast.absorb(*nothing) == (0, 0, 0)


STEP = {
    "ids": i4(0, 1), "reward": np.ones(2, np.float32), "done": np.zeros(2, bool), "cut": np.zeros(2, bool),
    "elapsed": i4(1, 1), "over": i4(0, 0), "lives": i4(3, 3),
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "message", "wrong"),
    [
        (TypeError, "ids must have dtype int32", {"ids": np.arange(2)}),
        (IndexError, "is 2, expected 0..1", {"ids": i4(0, 2)}),
        (IndexError, "is -1, expected 0..1", {"ids": i4(0, -1)}),
        (ValueError, "dimension", {"ids": i4(0, 1)[None]}),
        (TypeError, "reward must have dtype float32, got float64", {"reward": np.ones(2)}),
        (TypeError, "reward, done, cut and elapsed must be arrays, got None", {"reward": None}),
        (TypeError, "reward, done, cut and elapsed must be arrays, got None", {"elapsed": None}),
        (TypeError, "done must have dtype bool", {"done": np.zeros(2, np.uint8)}),
        (TypeError, "done must be a NumPy array", {"done": [False, False]}),
        (ValueError, "cut must have one row", {"cut": np.zeros(3, bool)}),
        (ValueError, "cut must have 1 dimension", {"cut": np.zeros((2, 1), bool)}),
        (TypeError, "elapsed must have dtype int32", {"elapsed": np.ones(2, np.int64)}),
        (TypeError, "over must have dtype int32", {"over": np.zeros(2, bool)}),
        (ValueError, "lives must have one row", {"lives": i4(3)}),
        (
            ValueError,
            "3 rows came from a pool of 2",
            {name: np.resize(column, 3) for name, column in STEP.items()},
        ),
    ],
)
def test_a_wrong_column_of_a_transition_is_named_and_changes_nothing(error, message, wrong):
    transitions = core.Transitions(i4(4, 5), FACTS)
    transitions.begin(0, 7)
    transitions.begin(1, 8)
    going, _, _ = transitions.absorb(**STEP)
    before = absorbed(transitions, 2, going)
    transitions.begin(1, 9)
    with pytest.raises(error, match=message):
        transitions.absorb(**(STEP | {"done": np.ones(2, bool), "lives": i4(1, 1)} | wrong))
    assert absorbed(transitions, 2, going) == before
    assert transitions.absorb(**STEP) == (2, 1, 1)  # the start is still to come
    assert transitions.first.tolist() == [False, True]


def test_places_and_layouts_of_transitions_are_checked():
    transitions = core.Transitions(i4(4, 5), FACTS)
    for place in (-1, 2):
        with pytest.raises(IndexError, match=f"place is {place}, expected 0..1"):
            transitions.begin(place, 0)
    with pytest.raises(TypeError, match="slots must have dtype int32"):
        core.Transitions(np.arange(2), FACTS)
    with pytest.raises(TypeError, match="info_dtype must begin as BASE_INFO does"):
        core.Transitions(i4(0), np.dtype([("lives", "i4"), ("reward", "f4"), ("elapsed", "i4")]))
