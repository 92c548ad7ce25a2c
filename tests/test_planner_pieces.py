"""Splines, noise, merging and MPC: what they promise, and that a slot does not feel its neighbours."""

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.errors import PolicyError
from fastheur.evaluation import plan
from fastheur.planner import MPC, Model, Noise, best, elite, scorer, shift, softmax, top
from fastheur.planner.plans import spline
from fastheur.policy import SlotRandom


def random_of(slots, seed=5):
    random = SlotRandom(slots)
    random.rekey(np.arange(slots), [seed + slot for slot in range(slots)])
    return random


@pytest.mark.parametrize("shape", ["hold", "linear", "cubic"])
def test_a_spline_goes_through_its_knots_and_keeps_constants(shape):
    weights = spline(9, 5, shape)
    np.testing.assert_allclose(weights.sum(1), 1.0)
    values = np.array([0.0, 2.0, -1.0, 3.0, 1.0])
    passed = weights @ values
    np.testing.assert_allclose(passed[[0, -1]], values[[0, -1]])
    if shape != "hold":
        np.testing.assert_allclose(passed[::2], values)
    np.testing.assert_allclose(spline(4, 4, shape), np.eye(4))
    np.testing.assert_allclose(spline(3, 1, shape), np.ones((3, 1)))


def test_a_spline_needs_knots_that_fit():
    with pytest.raises(PolicyError, match=r"5 knots of shape 'linear' over 4 steps; expected 1 .. 4 knots"):
        spline(4, 5)
    with pytest.raises(PolicyError, match="'square'"):
        spline(4, 2, "square")


def test_noise_is_normal_smooth_and_each_slots_own():
    noise = Noise(random_of(3), 9, 2, 3)
    drawn = noise.draw(np.arange(3), 500)
    assert drawn.shape == (3, 500, 9, 2)
    assert abs(drawn[:, :, ::4].mean()) < 0.05 and abs(drawn[:, :, ::4].std() - 1) < 0.05
    np.testing.assert_allclose(drawn[:, :, 2], (drawn[:, :, 0] + drawn[:, :, 4]) / 2)
    alone = Noise(random_of(3), 9, 2, 3).draw(np.array([1]), 500)
    np.testing.assert_array_equal(alone[0], drawn[1])
    assert not np.array_equal(noise.draw(np.arange(3), 500), drawn)


def test_normal_numbers_come_in_pairs_of_the_stream():
    random, again = random_of(2), random_of(2)
    slots = np.arange(2)
    np.testing.assert_array_equal(random.normal(slots, 3)[:, :2], again.normal(slots, 2))
    assert random.drawn(0)


def test_merging():
    plans = np.arange(4.0)[None, :, None, None] * np.ones((2, 4, 3, 1))
    values = np.array([[1.0, 5.0, np.nan, 5.0], [-1.0, 0.0, 2.0, 1.0]])
    assert top(plans, values, 2)[:, :, 0, 0].tolist() == [[1, 3], [2, 3]]
    assert best(plans, values)[:, 0, 0].tolist() == [1, 2]
    mean, deviation = elite(plans, values, 2)
    assert mean[:, 0, 0].tolist() == [2, 2.5] and deviation[:, 0, 0].tolist() == [1, 0.5]
    cold, warm = (softmax(plans[1:], values[1:], np.array([heat])) for heat in (0.01, 1.0))
    assert cold[0, 0, 0] == pytest.approx(2.0)
    weights = np.exp(values[1] - 2)
    assert warm[0, 0, 0] == pytest.approx((weights * np.arange(4)).sum() / weights.sum())


def test_a_shifted_plan_holds_its_last_action():
    assert shift(np.array([[[1.0], [2.0], [3.0]]]))[0, :, 0].tolist() == [2, 3, 3]


def test_a_value_function_sees_one_future_and_its_slots_parameters():
    class Futures:
        starts = np.array([[1.0], [2.0]])
        states = np.ones((2, 3, 4, 1))
        sensors = np.zeros((2, 3, 4, 0))
        actions = np.ones((2, 3, 4, 2))

    params = np.array([(10.0,), (20.0,)], [("gain", "f8")])
    values = scorer(lambda start, states, sensors, actions, params: start[0] * params.gain + states.sum())(
        Futures, params
    )
    assert values.tolist() == [[14.0] * 3, [44.0] * 3]


def test_what_an_author_wrote_is_bounds_checked():
    class Futures:
        starts, states = np.ones((1, 3)), np.ones((1, 2, 4, 3))
        sensors, actions = np.zeros((1, 2, 4, 0)), np.ones((1, 2, 4, 1))

    with pytest.raises(IndexError, match="out of bounds"):
        scorer(lambda start, states, sensors, actions, params: states[200, 1])(Futures, np.zeros(1, [("unused", "f8")]))


def reach(start, states, sensors, actions, params):
    """Bring Reacher's first joint to 1 rad, with little effort."""
    total = 0.0
    for step in range(len(states)):
        total -= abs(states[step, 1] - 1.0) + 0.01 * (actions[step] ** 2).sum()
    return total


@pytest.mark.parametrize("method", ["best", "softmax", "elite"])
def test_mpc_reaches_its_aim_whichever_slots_play(method):
    what = plan("mujoco/reacher")
    spec = make_engine("envpool", what.task, what.protocol, 1).spec
    params = np.zeros(2, [("unused", "f8")])

    def run(slots):
        model = Model(spec)
        mpc = MPC(model, reach, params, random_of(2), candidates=32, horizon=10, knots=5, rounds=2, method=method)
        mpc.reset(slots)
        states = np.zeros((len(slots), 9))
        for _ in range(25):
            actions = mpc.act(slots, states, 0.5, temperature=0.1)
            states = model.rollout(slots, states, actions[:, None, None]).states[:, 0, 0].copy()
        return states

    both = run(np.array([0, 1]))
    assert (np.abs(both[:, 1] - 1.0) < 0.1).all()
    np.testing.assert_array_equal(run(np.array([1])), both[1:])


def test_mpc_refuses_what_it_cannot_do():
    what = plan("mujoco/reacher")
    model = Model(make_engine("envpool", what.task, what.protocol, 1).spec)
    with pytest.raises(PolicyError, match="method='grid' with 4 candidates; expected one of best, softmax, elite"):
        MPC(
            model, reach, np.zeros(1, [("unused", "f8")]), random_of(1), candidates=4, horizon=5, knots=2, method="grid"
        )


def test_residuals_start_from_the_base():
    what = plan("mujoco/reacher")
    model = Model(make_engine("envpool", what.task, what.protocol, 1).spec)
    params = np.zeros(1, [("unused", "f8")])
    mpc = MPC(model, lambda *future: 0.0, params, random_of(1), candidates=8, horizon=4, knots=2, method="best")
    base = np.full((1, 4, 2), 0.25)
    actions = mpc.act(np.array([0]), np.zeros((1, 9)), 0.5, base)
    np.testing.assert_array_equal(actions, base[:, 0])  # all are worth the same: the first, the plan, is taken
