"""What planning costs beside MuJoCo's own rollout: ``python bench/planner.py [ROUNDS] [CANDIDATES] [HORIZON]``.

For every MuJoCo task, in one process and in turns: the same number of model steps by ``mujoco.rollout`` alone, on all cores,
and by a whole policy step (states from observations, noise, rollout, values, elite, one step to remember). ``share`` is the
policy's model steps per second as a part of rollout's (median, lowest, highest of the rounds). A second figure compares a
feedback law within the horizon, played control step by control step, with residuals that are computed before.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import mujoco
import numpy as np

from fastheur.engines import make_engine
from fastheur.evaluation import plan
from fastheur.model_steps import ModelMeter, metering
from fastheur.planner import MPC, Model
from fastheur.planner.rollouts import prepare
from fastheur.policy import SlotRandom

TASKS = (
    "ant", "half_cheetah", "hopper", "walker2d", "humanoid", "humanoid_standup", "swimmer", "reacher", "pusher",
    "inverted_pendulum", "inverted_double_pendulum",
)  # fmt: skip
SLOTS = np.array([0])


def forward(start: Any, states: Any, sensors: Any, actions: Any, params: Any) -> float:
    """Value a future by how far it goes, and by its effort."""
    total = states[-1, 1] - start[1]
    for step in range(len(actions)):
        for motor in range(actions.shape[1]):
            total -= 0.001 * actions[step, motor] ** 2
    return total


def first_obs(task: str) -> tuple[Any, Any]:
    """Return a task's spec and its first observation (1, N)."""
    what = plan(f"mujoco/{task}")
    engine = make_engine("envpool", what.task, what.protocol, 1)
    return engine.spec, next(iter(engine.episodes([1], 1))).obs.copy()


def seconds(call: Callable[[], object], calls: int) -> float:
    """Return the seconds of one call, of several in a row."""
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - began) / calls


def measure(task: str, rounds: int, candidates: int, horizon: int) -> str:
    """Return a line on one task."""
    spec, obs = first_obs(task)
    meter = ModelMeter(1)
    with metering(meter):
        model = Model(spec)
    random = SlotRandom(1)
    random.rekey(SLOTS, [1])
    params = np.zeros(1, [("unused", "f8")])
    knots = min(4, horizon)
    mpc = MPC(model, forward, params, random, candidates=candidates, horizon=horizon, knots=knots)
    scale = 0.3 * float(spec.action.high[0])
    states = model.observe(obs, SLOTS)
    source, simulator = spec.model, model._simulator
    pool, steps = prepare(), horizon * spec.model.frame_skip
    data = [mujoco.MjData(simulator.model) for _ in range(pool.nthread)]
    controls = np.repeat(
        random.normal(SLOTS, candidates * horizon * model.motors).reshape(candidates, horizon, -1), source.frame_skip, 1
    )
    controls = np.clip(controls * scale, model.low, model.high)

    def policy() -> object:
        mpc.reset(SLOTS)  # the same work every time, around the same state
        return mpc.act(SLOTS, model.observe(obs, SLOTS), scale)

    def bare() -> object:
        return pool.rollout([simulator.model] * candidates, data, np.repeat(states, candidates, 0), controls)

    residuals = controls[None, :, :: source.frame_skip]

    def law(now: Any, step: int) -> Any:
        return -0.1 * now[:, 1 + model.positions - model.motors : 1 + model.positions]

    def within() -> object:
        return model.follow(SLOTS, states, law, candidates, horizon, residuals)

    def before() -> object:
        return model.rollout(SLOTS, states, residuals)

    work = {"policy": policy, "bare": bare, "within": within, "before": before}
    for call in work.values():
        call()
    meter.restart(SLOTS)
    policy()
    planned, simulated = int(meter.counts[0]), candidates * steps
    calls = max(3, int(0.2 / seconds(bare, 2)))
    found: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(rounds):
        for name in list(work) if turn % 2 else list(work)[::-1]:
            found[name].append(seconds(work[name], calls))
    shares = [planned / one / (simulated / other) for one, other in zip(found["policy"], found["bare"], strict=True)]
    laws = [one / other for one, other in zip(found["before"], found["within"], strict=True)]
    speeds = [steps / statistics.median(found[name]) for name, steps in (("bare", simulated), ("policy", planned))]
    return f"{task:26} {speeds[0]:11,.0f} {speeds[1]:11,.0f}  {spread(shares)}  {spread(laws)}"


def spread(ratios: list[float]) -> str:
    """Return the median of ratios, and how far they go."""
    return f"{statistics.median(ratios):.3f} ({min(ratios):.3f} .. {max(ratios):.3f})"


def main(rounds: int, candidates: int, horizon: int) -> None:
    """Measure and print."""
    print(f"K={candidates} H={horizon}, {prepare().nthread} threads; model steps (mj_step) per second")
    print(f"{'':26} {'rollout':>11} {'policy':>11}  {'share':21}  law within / residuals before")
    for task in TASKS:
        print(measure(task, rounds, candidates, horizon), flush=True)


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]), *(7, 64, 8)[len(sys.argv) - 1 :])
