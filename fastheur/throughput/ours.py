"""Bare EnvPool, the reference's one-environment loop, and fastheur's whole evaluation path."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.candidates import find_policy
from fastheur.engine_envpool import make_pool
from fastheur.engines import make_engine
from fastheur.errors import ConfigError
from fastheur.host import Candidate, Host
from fastheur.in_process import make_host
from fastheur.loading import Policy, load_policy, policy_from_source
from fastheur.rollout import Job, rollout
from fastheur.seeds import episode_seeds
from fastheur.throughput.setting import Setting
from fastheur.throughput.tape import Tape
from fastheur.throughput.workloads import COLUMNS, PLAIN, Workload


def policy_of(workload: Workload) -> Policy:
    """Return the policy that plays ``workload``."""
    if workload.rule:
        return policy_from_source(workload.rule, workload.key)
    return load_policy(find_policy(workload.task()[0]))


def seeds_of(slots: int) -> list[int]:
    """Return one environment seed per slot, those of the recorded episodes over and over."""
    return list(itertools.islice(itertools.cycle(episode_seeds("train", 0, COLUMNS)), slots))


_SHARED: dict[int, Any] = {}
"""Atari pools by thread count: one serves every slot count up to its size, as one may send to a part of it."""


class _BarePool:
    """Common to the bare loops: a pool, its raw calls, and its rewinding."""

    def __init__(self, workload: Workload, setting: Setting) -> None:
        self.slots = setting.slots
        self.horizon: int | None = workload.horizon
        self._task, self._protocol = workload.task()
        self._setting = setting
        # Building an Atari environment takes 50 ms: those are reset. The others are built anew, which alone makes
        # them play the recorded episodes again, and nothing but these.
        self._rebuilt = workload.kind != "atari"
        self._take(self._pool())
        self._used = False

    def _pool(self) -> Any:
        return make_pool(self._task, self._protocol, seeds_of(self.slots), self._setting.threads)

    def _take(self, pool: Any) -> None:
        self._all = pool
        self._send, self._receive, self._reset = pool._send, pool._recv, pool._reset
        self._elapsed = list(pool._state_keys).index("elapsed_step")
        self._who = list(pool._state_keys).index("info:env_id")
        self._dtype = np.dtype(pool.spec.action_array_spec[pool._action_keys[-1]].dtype)
        self._ids = np.arange(self.slots, dtype=np.int32)

    def _renew(self) -> None:
        """Build the pool anew where it has been played on and a reset would not do."""
        if self._rebuilt and self._used:
            self._take(self._pool())
        self._used = True

    def load(self, tape: Tape) -> None:
        self._actions = tape.for_slots(self.slots, self._dtype)

    def close(self) -> None:
        self._all = self._send = self._receive = self._reset = None
        _SHARED.clear()  # a pool lives on in the player that was kept


class BareSync(_BarePool):
    """The fastest loop one can write around EnvPool alone: send to all, receive from all, nothing else."""

    def _pool(self) -> Any:
        if self._rebuilt:
            return super()._pool()
        threads = self._setting.threads
        if threads not in _SHARED or _SHARED[threads].config["num_envs"] < self.slots:
            _SHARED[threads] = super()._pool()
        return _SHARED[threads]

    def rewind(self) -> None:
        self._renew()
        self._reset(self._ids)
        self._receive()

    def play(self, first: int, steps: int) -> float:
        send, receive, ids = self._send, self._receive, self._ids
        state: list[Array] = []
        began = time.perf_counter()
        for step in self._actions[first : first + steps]:
            send([ids, ids, step])
            state = receive()
        seconds = time.perf_counter() - began
        if (state[self._elapsed] != first + steps).any():
            raise ConfigError(f"An episode of {self._task.name} ended within {first + steps} steps.")
        return seconds


class BareAsync(_BarePool):
    """EnvPool's asynchronous loop: whichever ``batch`` environments are ready are answered."""

    def __init__(self, workload: Workload, setting: Setting) -> None:
        super().__init__(workload, setting)
        self.horizon = workload.horizon * 4 // 5  # some environments run ahead of the others

    def _pool(self) -> Any:
        # The engine knows synchronous pools only; the same classes make the other kind.
        small = make_pool(self._task, self._protocol, seeds_of(1), self._setting.threads)
        config = small.spec.config._asdict() | {
            "num_envs": self.slots,
            "batch_size": self._setting.batch,
            "num_threads": self._setting.threads,
            "env_seed": seeds_of(self.slots),
        }
        spec = type(small.spec)
        return type(small)(spec(spec.gen_config(**config)))

    def rewind(self) -> None:
        self._drain()
        self._renew()
        self._reset(self._ids)
        self._played = np.zeros(self.slots, np.int64)

    def _drain(self) -> None:
        if self._used:
            for _ in range(self.slots // self._setting.batch):
                self._receive()

    def play(self, first: int, steps: int) -> float:
        send, receive, who, played, actions = self._send, self._receive, self._who, self._played, self._actions
        state: list[Array] = []
        began = time.perf_counter()
        for _ in range(steps * self.slots // self._setting.batch):
            state = receive()
            ids = state[who]
            at = played[ids]
            send([ids, ids, actions[at, ids]])
            played[ids] = at + 1
        seconds = time.perf_counter() - began
        # What has just been received was sent to since; the rest of it is known a step later.
        if (state[self._elapsed] != played[state[who]] - 1).any():
            raise ConfigError(f"An episode of {self._task.name} ended within {first + steps} steps.")
        return seconds

    def close(self) -> None:
        self._drain()
        super().close()


class OneEnvironment:
    """The reference's loop: EnvPool's Gymnasium interface with one environment, the rule in plain Python."""

    def __init__(self, workload: Workload, setting: Setting) -> None:
        del setting
        self.slots = 1
        self.horizon: int | None = workload.horizon
        self._task, self._protocol = workload.task()
        self._mode = workload.mode
        policy = policy_of(workload)
        self._act: Callable[..., Any] = policy.namespace["act"]
        self._params = SimpleNamespace(**policy.values())
        self._fields = [field[0] for field in policy.state]
        self._plain = PLAIN.get(workload.key)
        self._size = make_engine("envpool", self._task, self._protocol).spec.action.size
        self._env: Any = None

    def load(self, tape: Tape) -> None:
        """Nothing is replayed: this loop is about deciding one by one."""

    def rewind(self) -> None:
        self._env = make_pool(self._task, self._protocol, seeds_of(1), 1)
        obs, info = self._env.reset()
        self._seen = info["ram"][0] if self._mode == "ram" else obs[0]
        self._state = SimpleNamespace(**dict.fromkeys(self._fields, 0.0))

    def play(self, first: int, steps: int) -> float:
        step, ram = self._env.step, self._mode == "ram"
        seen, over = self._seen, False
        info = SimpleNamespace(elapsed=first, reward=0.0, lives=0)
        began = time.perf_counter()
        for elapsed in range(first, first + steps):
            info.elapsed = elapsed
            obs, info.reward, terminated, truncated, extra = step(np.array([self._decide(seen, info)]))
            seen = extra["ram"][0] if ram else obs[0]
            over = over or terminated[0] or truncated[0]
        seconds = time.perf_counter() - began
        self._seen = seen
        if over:
            raise ConfigError(f"An episode of {self._task.name} ended within {first + steps} steps.")
        return seconds

    def _decide(self, seen: Array, info: SimpleNamespace) -> Any:
        if self._plain is not None:
            return self._plain(seen)
        if not self._size:
            return self._act(seen, info, self._state, self._params)
        action = [0.0] * self._size
        self._act(seen.tolist(), info, self._state, self._params, action)  # a list is faster than an array, one by one
        return action

    def close(self) -> None:
        self._env = None


class _Stop(Exception):
    """Ends a rollout from its ``watch``."""


class FullPath:
    """fastheur as ``fastheur eval`` runs it: engine, host with the compiled kernel, checks, hashing and scoring.

    The rollout runs in a thread of its own that waits between two blocks: it cannot be left and entered again.
    """

    def __init__(self, engine: str, workload: Workload, setting: Setting) -> None:
        task, protocol = workload.task()
        policy = policy_of(workload)
        self.slots = setting.slots
        self.horizon: int | None = workload.horizon
        self._engine = make_engine(engine, task, protocol, setting.threads)
        self._lanes = setting.lanes or self._engine.default_lanes(self.slots)
        workers = setting.threads if engine == "ale" else 1
        self._batches = min(self.slots, workers * self._lanes)  # that make up a step of all slots
        self._host = make_host([Candidate(policy, policy.values())], self._engine.spec, self.slots)
        self._jobs = [Job(0, place, seed) for place, seed in enumerate(seeds_of(self.slots))]
        self._thread: threading.Thread | None = None
        self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
        self._left, self._began, self._seconds = 0, 0.0, 0.0
        self._problem: BaseException | None = None

    def load(self, tape: Tape) -> None:
        """Nothing is replayed: the policy decides, and comes to the recorded actions by itself."""

    def rewind(self) -> None:
        self.close()
        self._left = 1  # until the first batch is there, so that building is over
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    def play(self, first: int, steps: int) -> float:
        # All lanes but one step on into the pause. Those are batches that the clock misses: they are not counted.
        self._left = steps * self._batches + self._batches - 1
        self._began = time.perf_counter()
        self._go.release()
        self._wait()
        return self._seconds

    def close(self) -> None:
        if self._thread is not None:
            self._left = -1
            self._go.release()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            for _ in rollout(self._engine, self._host, self._jobs, self.slots, lanes=self._lanes, watch=self._watch):
                raise ConfigError(f"An episode of {self._engine.task.name} ended within {self.horizon} steps.")
        except _Stop:
            return
        except BaseException as problem:
            self._problem = problem
        self._done.release()

    def _watch(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._seconds = time.perf_counter() - self._began
            self._done.release()
            self._go.acquire()
            if self._left < 0:
                raise _Stop

    def _wait(self) -> None:
        self._done.acquire()
        if self._problem is not None:
            problem, self._problem, self._thread = self._problem, None, None
            raise problem


def full_path_envpool(workload: Workload, setting: Setting) -> FullPath:
    """Return fastheur's path on EnvPool."""
    return FullPath("envpool", workload, setting)


def full_path_ale(workload: Workload, setting: Setting) -> FullPath:
    """Return fastheur's path on ale-py's emulators."""
    return FullPath("ale", workload, setting)


class _Recorder:
    """A host that keeps a copy of every action, by step and slot."""

    def __init__(self, host: Host, actions: Array) -> None:
        self._host = host
        self._step = 0
        self.actions = actions

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        self._host.reset(slots, candidates, keys)

    def act(self, batch: StepBatch) -> None:
        self._host.act(batch)
        if self._step == len(self.actions):
            raise _Stop
        self.actions[self._step, batch.slots] = batch.actions
        self._step += 1

    def drew_randomness(self, slot: int) -> bool:
        return self._host.drew_randomness(slot)

    def model_steps_of(self, slot: int) -> int | None:
        return self._host.model_steps_of(slot)

    def model_steps(self) -> int | None:
        return self._host.model_steps()

    def state_of(self, slot: int) -> dict[str, Any]:
        return self._host.state_of(slot)


def record(workload: Workload, path: str) -> None:
    """Play ``workload`` and write the actions of its first ``horizon`` steps to ``path``."""
    task, protocol = workload.task()
    policy, engine = policy_of(workload), make_engine("envpool", task, protocol)
    host = make_host([Candidate(policy, policy.values())], engine.spec, COLUMNS)
    recorder = _Recorder(
        host, np.zeros((workload.horizon, COLUMNS, *engine.spec.action.shape), engine.spec.action.dtype)
    )
    jobs = [Job(0, place, seed) for place, seed in enumerate(seeds_of(COLUMNS))]
    try:
        for episode in rollout(engine, recorder, jobs, COLUMNS):
            raise ConfigError(
                f"The recorded episode {episode.index} of {task.name} ended after {episode.length} steps, expected "
                f"{workload.horizon} of all; give the workload a shorter horizon."
            )
    except _Stop:
        Tape(recorder.actions).save(path)
