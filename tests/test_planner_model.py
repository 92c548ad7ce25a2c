"""The planner's model is EnvPool's: what it foresees is what happens."""

import numpy as np
import pytest

from fastheur.engines import make_engine
from fastheur.errors import PolicyError
from fastheur.evaluation import plan
from fastheur.model_steps import ModelMeter, metering
from fastheur.planner import Model
from fastheur.planner.states import CUT, state_of
from fastheur.robot_poses import ROBOTS
from fastheur.seeds import episode_seeds

TASKS = (
    "ant", "half_cheetah", "hopper", "humanoid", "humanoid_standup", "inverted_double_pendulum", "inverted_pendulum", "pusher",
    "reacher", "swimmer", "walker2d",
)  # fmt: skip
ERROR = {"humanoid": 1e-4, "humanoid_standup": 1e-4}
"""Largest error of a step in rad, m, rad/s and m/s. The humanoids' solver stops earlier, and starts from elsewhere in EnvPool."""

SLOT = np.array([0])


def engine_of(task, **settings):
    what = plan(f"mujoco/{task}", **settings)
    return make_engine("envpool", what.task, what.protocol, 1)


def played(engine, model, steps=40):
    """Yield, step by step, the state that was foreseen from the last observation alone, the one foreseen from all before,
    the one that the observation tells, and the one that :meth:`Model.observe` makes of it."""
    random = np.random.default_rng(7)
    alone = remembered = None
    for batch in engine.episodes(episode_seeds("train", 0, 1), 1):
        told = state_of(
            engine.spec.model,
            batch.obs[0],
            model._simulator.model,
            (model.positions, model.speeds, 1 + model.positions + model.speeds),
        )
        seen = model.observe(batch.obs, SLOT)
        if alone is not None:
            yield alone, remembered, told, seen[0]
        steps -= 1
        if not steps or (batch.live is not None and not len(batch.live)):
            return
        action = random.uniform(engine.spec.action.low, engine.spec.action.high)[None]
        alone = model.rollout(SLOT, told[None], action[:, None, None]).states[0, 0, 0]
        remembered = model.rollout(SLOT, seen, action[:, None, None]).states[0, 0, 0]
        model.remember(SLOT, seen, action)
        batch.actions[:] = action


@pytest.mark.parametrize("task", TASKS)
def test_a_step_of_the_model_is_a_step_of_envpool(task):
    engine = engine_of(task)
    model = Model(engine.spec)
    robot = engine.spec.model.robot
    first, positions = 1 + ROBOTS[robot].hidden, 1 + model.positions
    cut = CUT.get(robot, np.inf)
    compared = 0
    for _, foreseen, told, _ in played(engine, model):
        expected = foreseen.copy()
        expected[positions:] = np.clip(expected[positions:], -cut, cut)
        last = {"Pusher": positions + 7, "Reacher": positions + 2}.get(robot, len(told))
        apart = np.abs(expected[first:last] - told[first:last])
        apart = np.minimum(apart, np.abs(apart - 2 * np.pi))  # Reacher's angles come back within one turn
        assert apart.max() <= ERROR.get(task, 1e-9)
        compared += 1
    assert compared >= 3


def test_what_an_observation_leaves_out_is_remembered():
    walker, pusher = engine_of("walker2d"), engine_of("pusher")
    model = Model(walker.spec)
    fast = [(foreseen, seen) for _, foreseen, _, seen in played(walker, model) if np.abs(foreseen[10:]).max() > 10]
    assert fast, "no joint turned faster than the observation tells"
    for foreseen, seen in fast:
        np.testing.assert_allclose(seen[1:], foreseen[1:], atol=1e-9)
    places = [seen[1] for _, _, _, seen in played(walker, Model(walker.spec))]
    assert places[-1] != 0.0, "x is not told, and was remembered"
    model = Model(pusher.spec)
    assert all(seen[-4:] == pytest.approx(foreseen[-4:]) for _, foreseen, _, seen in played(pusher, model))


def test_a_surprise_is_believed():
    engine = engine_of("hopper")
    model = Model(engine.spec)
    for batch in engine.episodes(episode_seeds("train", 0, 1), 1):
        seen = model.observe(batch.obs, SLOT)
        model.remember(SLOT, seen, np.ones((1, 3)))
        np.testing.assert_array_equal(model.observe(batch.obs, SLOT), seen)  # it did not move after all
        break


def test_rollouts_do_not_depend_on_their_company():
    engine = engine_of("ant")
    model = Model(engine.spec, sensors=[("framepos", "torso")])
    random = np.random.default_rng(3)
    states = np.zeros((3, 30))
    states[:, 3], states[:, 4] = 0.75, 1.0
    states[:, 8:16] = random.normal(0, 0.1, (3, 8))
    plans = random.uniform(-1, 1, (3, 5, 4, 8))
    together = model.rollout(np.arange(3), states, plans)
    for row in range(3):
        alone = model.rollout(SLOT, states[row : row + 1], plans[row : row + 1, 2:3])
        np.testing.assert_array_equal(alone.states[0, 0], together.states[row, 2])
        np.testing.assert_array_equal(alone.sensors[0, 0], together.sensors[row, 2])
    assert together.sensors.shape == (3, 5, 4, 3)
    np.testing.assert_allclose(together.sensors[..., 0], together.states[..., 1], atol=0.1)


def test_a_law_within_the_horizon_sees_every_step():
    engine = engine_of("half_cheetah")
    with metering(ModelMeter(2)) as _:
        model = Model(engine.spec)
    states = np.zeros((2, 19))
    states[1, 3] = 0.2

    def law(now, step):
        assert now.shape == (2 * 3, 19)
        return -0.5 * now[:, 4:10] - 0.1 * now[:, 13:19] + 0.1 * step

    residuals = np.zeros((2, 3, 5, 6))
    residuals[:, 1] = 0.3
    futures = model.follow(np.arange(2), states, law, 3, 5, residuals)
    np.testing.assert_array_equal(futures.states[:, 0], futures.states[:, 2])
    again = model.rollout(np.arange(2), states, futures.actions)
    np.testing.assert_allclose(again.states, futures.states, atol=1e-6)
    expected = law(np.repeat(futures.states[:, 0, 3], 3, axis=0), 4).reshape(2, 3, 6)
    np.testing.assert_allclose(futures.actions[:, 0, 4], np.clip(expected[:, 0], -1, 1))
    with pytest.raises(PolicyError, match=r"shape \(6, 2\), expected \(6, 6\)"):
        model.follow(np.arange(2), states, lambda now, step: now[:, :2], 3, 5)


def test_model_steps_are_simulator_steps():
    engine = engine_of("reacher")
    meter = ModelMeter(4)
    with metering(meter):
        model = Model(engine.spec)
    states = np.zeros((2, 9))
    model.rollout(np.array([1, 3]), states, np.zeros((2, 10, 7, 2)))
    model.remember(np.array([3]), states[:1], np.zeros((1, 2)))
    assert meter.counts.tolist() == [0, 10 * 7 * 2, 0, 10 * 7 * 2 + 2]


def test_a_task_without_a_model_says_so():
    what = plan("CartPole-v1")
    with pytest.raises(PolicyError, match="CartPole-v1 has no model to plan with"):
        Model(make_engine("envpool", what.task, what.protocol, 1).spec)
    with pytest.raises(PolicyError, match=r"sensor \('gyro', 'torso'\); expected .* one of framepos"):
        Model(engine_of("ant").spec, sensors=[("gyro", "torso")])


def test_a_coarser_model_is_near_and_costs_what_it_is_told_to():
    spec = engine_of("ant").spec
    own, coarse = Model(spec), Model(spec, substeps=7, integrator="euler")
    start = np.zeros((1, 1 + own.positions + own.speeds))
    start[0, 3:8] = 0.75, 1.0, 0.0, 0.0, 0.0
    plans = np.full((1, 1, 1, own.motors), 0.3)
    near, far = (model.rollout(SLOT, start, plans).states[0, 0, 0] for model in (own, coarse))
    assert near[0] == pytest.approx(0.05) and far[0] == pytest.approx(0.05)
    assert 0 < np.abs(near - far)[1:8].max() < 0.02  # the torso
    meter = ModelMeter(1)
    with metering(meter):
        Model(spec, substeps=2).rollout(SLOT, start, plans)
    assert meter.total == 2


@pytest.mark.parametrize(("gradual", "jolt"), [(0.0, True), (0.01, False)])
def test_gradual_contacts_take_the_jolt_out_of_a_landing(gradual, jolt):
    """Where a foot comes within reach of the floor, a hair's difference in height makes a jump in speed, or it does not."""
    model = Model(engine_of("ant").spec, gradual=gradual)
    heights = np.linspace(0.4, 0.6, 4001)
    starts = np.zeros((len(heights), 1 + model.positions + model.speeds))
    starts[:, 3], starts[:, 4], starts[:, 17 + 1] = heights, 1.0, -1.0  # upright, falling at 1 m/s
    starts[:, 8:16] = 0.0, 1.0, 0.0, -1.0, 0.0, -1.0, 0.0, 1.0
    slots = np.zeros(len(heights), np.int64)
    after = model.rollout(slots, starts, np.zeros((len(heights), 1, 1, model.motors))).states[:, 0, 0]
    jump = np.abs(np.diff(after[:, 18])).max()
    assert (jump > 0.01) == jolt


@pytest.mark.parametrize("wrong", [{"substeps": -1}, {"gradual": -0.1}, {"integrator": "magic"}])
def test_an_unknown_integrator_is_refused(wrong):
    with pytest.raises(PolicyError, match="one of euler, rk4, implicit, implicitfast"):
        Model(engine_of("ant").spec, **wrong)
