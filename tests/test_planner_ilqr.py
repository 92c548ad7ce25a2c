"""Iterative LQG: exact where the world is linear, within bounds, at its aim in a robot, and no slot feels its neighbours."""

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.errors import PolicyError
from fastheur.evaluation import plan
from fastheur.planner import ILQR, Model
from fastheur.planner._backward import backward
from fastheur.planner.ilqr import _between

HORIZON, SIZE, MOTORS, MISSES = 6, 3, 2, 5


def problem(seed=3):
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, HORIZON, SIZE, SIZE)), random.normal(size=(2, HORIZON, SIZE, MOTORS))
    jx, ju = random.normal(size=(2, HORIZON, MISSES, SIZE)), random.normal(size=(2, HORIZON, MISSES, MOTORS))
    return a, b, random.normal(size=(2, HORIZON, MISSES)), jx, ju


def cost(row, changes, a, b, misses, jx, ju):
    state, total = np.zeros(SIZE), 0.0
    for step in range(HORIZON):
        total += 0.5 * ((misses[row, step] + jx[row, step] @ state + ju[row, step] @ changes[step]) ** 2).sum()
        state = a[row, step] @ state + b[row, step] @ changes[step]
    return total


def closed(row, changes, gains, a, b):
    state, out = np.zeros(SIZE), []
    for step in range(HORIZON):
        out.append(changes[row, step] + gains[row, step] @ state)
        state = a[row, step] @ state + b[row, step] @ out[-1]
    return np.array(out)


def test_a_linear_world_is_solved_in_one_pass():
    given = problem()
    room = np.broadcast_to(np.array([[-1e6] * MOTORS, [1e6] * MOTORS]), (2, HORIZON, 2, MOTORS))
    changes, gains = backward(*given, room, np.zeros(2))
    random = np.random.default_rng(0)
    for row in range(2):
        found = closed(row, changes, gains, *given[:2])
        least = cost(row, found, *given)
        for _ in range(20):
            assert cost(row, found + 1e-2 * random.normal(size=found.shape), *given) > least


def test_bounds_are_kept_and_a_motor_at_its_bound_does_not_answer():
    given = problem()
    room = np.broadcast_to(np.array([[-0.05] * MOTORS, [0.05] * MOTORS]), (2, HORIZON, 2, MOTORS))
    changes, gains = backward(*given, room, np.zeros(2))
    held = np.abs(changes) >= 0.05
    assert (np.abs(changes) <= 0.05).all() and held.any() and not held.all()
    assert (gains[held] == 0).all() and (gains[~held] != 0).all()


def test_shapes_that_do_not_fit_are_refused():
    a, b, misses, jx, ju = problem()
    with pytest.raises(ValueError, match=r"Found by_state of shape \(2, 6, 5, 2\); expected \(2, 6, 5, 3\)"):
        backward(a, b, misses, jx[..., :2], ju, np.zeros((2, HORIZON, 2, MOTORS)), np.zeros(2))


def test_derivatives_are_linear_between_points():
    points = np.array([0, 3, 5])
    values = _between(np.array([[0.0, 3.0, 7.0]])[..., None, None], points, 6)
    np.testing.assert_allclose(values[0, :, 0, 0], [0, 1, 2, 3, 5, 7])


def reach(before, after, sensors, action, left, params, out):
    """Bring Reacher's first joint to an angle and to rest there."""
    out[0] = after[1] - params.aim
    out[1] = 0.05 * after[5]
    out[2] = 0.05 * action[0]
    out[3] = 0.05 * action[1]


def spec_of(task):
    what = plan(f"mujoco/{task}")
    return make_engine("envpool", what.task, what.protocol, 1).spec


def test_it_reaches_its_aim_whichever_slots_play():
    spec = spec_of("reacher")
    params = np.array([(0.5,), (1.0,)], [("aim", "f8")])

    def run(slots):
        model = Model(spec)
        planner = ILQR(model, reach, params, horizon=15, count=4, every=3, stride=2, unseen=(0,))
        states = np.zeros((len(slots), 9))
        planner.reset(slots)
        for _ in range(40):
            actions = planner.act(slots, states)
            states = model.rollout(slots, states, actions[:, None, None]).states[:, 0, 0].copy()
        return states

    both = run(np.array([0, 1]))
    np.testing.assert_allclose(both[:, 1], [0.5, 1.0], atol=0.05)
    np.testing.assert_array_equal(run(np.array([1])), both[1:])


def test_more_rounds_make_a_better_plan():
    params, start = np.array([(1.0,)], [("aim", "f8")]), np.zeros((1, 9))

    def cost(rounds):
        planner = ILQR(Model(spec_of("reacher")), reach, params, horizon=15, count=4, rounds=rounds, unseen=(0,))
        planner.act(np.array([0]), start)
        return planner.costs[0]

    assert cost(3) < cost(1)


def test_it_refuses_to_replan_less_often_than_it_looks_ahead():
    model = Model(spec_of("reacher"))
    with pytest.raises(PolicyError, match="every=9, stride=1, rounds=1, horizon=8; expected 1 <= every <= horizon"):
        ILQR(model, reach, np.zeros(1, [("aim", "f8")]), horizon=8, count=4, every=9)
