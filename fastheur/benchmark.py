"""Throughput of the whole evaluation path over bare EnvPool, measured in one run.

Conventions. Both contenders use the same task, EnvPool arguments, seeds, slots and threads, and *the same actions*: the
bare loop replays what the policy did, because the actions alone change a simulator's speed by 10-30 %. Pools are built,
kernels compiled and both warmed up before the clock runs; no reset transition is timed. The contenders take turns in
blocks of steps within one process, and medians over the blocks are compared, so that a machine's drift hits both.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.engine_envpool import make_pool
from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.host import Candidate, Host, make_host
from fastheur.loading import Policy, policy_from_source
from fastheur.rollout import Job, rollout
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task

RAM_POLICY = '''"""Pong from RAM: follow the ball."""
OBS = "ram"
def act(obs, info, state, params):
    gap = int(obs[54]) - int(obs[51]) - 4
    return 3 if gap > 3 else 2 if gap < -3 else 0
'''
NATIVE_POLICY = '''"""Pong from pixels: look for the ball in every pixel of the frame and for the paddle in its columns, follow the ball."""
from fastheur.vision import centroid
OBS = "native"
def act(obs, info, state, params):
    ball, y, _ = centroid(obs, 236, 236, 236, 0, 210, 0, 160)
    mine, paddle, _ = centroid(obs, 92, 186, 92, 34, 194, 136, 148)
    if ball == 0 or mine == 0:
        return 0
    return 3 if y > paddle + 3 else 2 if y < paddle - 3 else 0
'''
GAIT_POLICY = '''"""HalfCheetah: six sines."""
import math
OBS = "state"
def act(obs, info, state, params, action):
    for joint in range(6):
        swing = math.sin(info.elapsed * 0.6 + joint * 1.1) - 0.1 * obs[11 + joint]
        action[joint] = min(1.0, max(-1.0, swing))
'''


@dataclass(frozen=True)
class Contest:
    """One row: a policy on a task, and the share of bare EnvPool's speed it is meant to reach."""

    name: str
    env: str
    mode: str
    protocol: str
    policy: str
    target: float


CONTESTS = (
    Contest("RAM kernel, Pong", "atari/pong", "ram", "robust", RAM_POLICY, 0.95),
    Contest("native kernel over the full frame, Pong", "atari/pong", "native", "robust", NATIVE_POLICY, 0.80),
    Contest("gait kernel, HalfCheetah", "mujoco/half_cheetah", "state", "default", GAIT_POLICY, 0.90),
)


@dataclass(frozen=True)
class Row:
    """A measured contest: medians in env steps per second and their ratio, with the spread of the paired ratios."""

    name: str
    fastheur: float
    envpool: float
    ratio: float
    ratio_low: float
    ratio_high: float
    target: float
    slots: int
    threads: int

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON values."""
        return asdict(self)


def run_contest(contest: Contest, *, slots: int, threads: int, steps: int, repeats: int) -> Row:
    """Measure one contest.

    Args:
        contest: what to measure. slots, threads: as in :func:`fastheur.evaluate`.
        steps: env steps per slot in one block. repeats: blocks that count, after one that warms up.
    """
    duel = Duel(contest, slots, threads, steps * (repeats + 1))
    times = duel.run(steps)[1:]
    ratios = [bare / ours for ours, bare in times]
    per_block = steps * slots
    ours, bare = (per_block / statistics.median(column) for column in zip(*times, strict=True))
    return Row(
        contest.name,
        ours,
        bare,
        statistics.median(ratios),
        min(ratios),
        max(ratios),
        contest.target,
        slots,
        duel.engine.threads,
    )


class Duel:
    """fastheur's rollout and a bare EnvPool loop on twin pools, block by block."""

    def __init__(self, contest: Contest, slots: int, threads: int, total: int) -> None:
        where = find_environment(contest.env)
        protocol = find_protocol(contest.protocol, where)
        task = make_task(where, contest.mode, protocol)
        cap = protocol.envpool_args(task).get("max_episode_steps", 1000)
        if total > cap - 1:
            raise ConfigError(f"steps * (repeats + 1) is {total}, and an episode of {task.name} has only {cap} steps.")
        policy: Policy = policy_from_source(contest.policy, "benchmark")
        self.engine = make_engine("envpool", task, protocol, threads)
        self._total = total
        self._slots = slots
        self._jobs = [Job(0, index, seed) for index, seed in enumerate(episode_seeds("train", 0, slots))]
        host = make_host([Candidate(policy, policy.values())], self.engine.spec, slots)
        action = self.engine.spec.action
        self._recorder = _Recorder(host, np.zeros((total, slots, *action.shape), action.dtype))
        self._bare = _Bare(make_pool(task, protocol, [job.seed for job in self._jobs], self.engine.threads), slots)

    def run(self, steps: int) -> list[tuple[float, float]]:
        """Return (fastheur, bare EnvPool) seconds for every block of ``steps`` env steps per slot."""
        lanes = self.engine.default_lanes(self._slots)
        times: list[tuple[float, float]] = []
        batches, clock = 0, time.perf_counter()

        def watch() -> None:
            nonlocal batches, clock
            batches += 1
            if batches % (steps * lanes) == 0:
                ours = time.perf_counter() - clock
                time.sleep(0.05)  # lets a lane that is still stepping finish, so that it does not slow the other side
                block = self._recorder.actions[len(times) * steps : (len(times) + 1) * steps]
                times.append((ours, self._bare.seconds(block)))
                if len(times) * steps >= self._total:
                    raise _Enough
                clock = time.perf_counter()

        try:
            for _ in rollout(self.engine, self._recorder, self._jobs, self._slots, lanes=lanes, watch=watch):
                raise ConfigError(
                    f"An episode of {self.engine.task.name} ended within {self._total} steps; use fewer steps."
                )
        except _Enough:
            pass
        return times


class _Enough(Exception):
    """All blocks are measured."""


class _Recorder:
    """A host that keeps a copy of every action, by step and slot."""

    def __init__(self, host: Host, actions: Array) -> None:
        self._host = host
        self.actions = actions
        self._step = np.zeros(actions.shape[1], np.int64)

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        self._host.reset(slots, candidates, keys)

    def act(self, batch: StepBatch) -> None:
        self._host.act(batch)
        step = self._step[batch.slots[0]]
        if step < len(self.actions):
            self.actions[step, batch.slots] = batch.actions
        self._step[batch.slots] += 1

    def drew_randomness(self, slot: int) -> bool:
        return self._host.drew_randomness(slot)


class _Bare:
    """The fastest loop one can write around EnvPool alone: send and receive, nothing else."""

    def __init__(self, pool: object, slots: int) -> None:
        self._pool: object = pool
        self._send: Callable[[list[Array]], None] = pool._send  # type: ignore[attr-defined]
        self._receive: Callable[[], list[Array]] = pool._recv  # type: ignore[attr-defined]
        self._ids = np.arange(slots, dtype=np.int32)
        self._dtype = np.dtype(pool.spec.action_array_spec[pool._action_keys[-1]].dtype)  # type: ignore[attr-defined]
        pool._reset(self._ids)  # type: ignore[attr-defined]
        self._receive()

    def seconds(self, actions: Array) -> float:
        """Replay ``actions`` (steps, slots, ...) and return the seconds it took."""
        block = actions.astype(self._dtype)
        began = time.perf_counter()
        for step in block:
            self._send([self._ids, self._ids, step])
            self._receive()
        return time.perf_counter() - began
