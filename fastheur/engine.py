"""Steps tasks in batches through EnvPool: explicit seeds in, one transition batch after another out.

Conventions. A *slot* is one environment of one pool. An *episode* is addressed by its place in the seed list. EnvPool
resets by itself in the step after the end: that transition is not an env step, its action is ignored, and it is shown
here as ``first`` with reward 0. An env step is charged when its action is sent.

A *fresh* slot was built for its seed and plays exactly one episode, so an episode never depends on what its slot played
before. A *warm* slot is reset and plays on, which is faster and not reproducible in every game: for screening only.

Slots are split into *lanes*, each a pool of its own: while the caller thinks about one lane's batch the others step.
The engine knows no policy, no score and no log.
"""

import contextlib
import itertools
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import envpool
import numpy as np
import numpy.typing as npt

from fastheur.batch import StepBatch
from fastheur.errors import ConfigError, nearest, whole
from fastheur.spec import BASE_INFO, ActionSpec, Spec
from fastheur.tasks import Protocol, Task, atari_actions
from fastheur.vizdoom_folder import vizdoom_folder

Array = npt.NDArray[Any]


@dataclass
class Meter:
    """Env steps taken, and seconds spent building pools."""

    env_steps: int = 0
    build_s: float = 0.0


@dataclass(frozen=True)
class Engine:
    """A task under a protocol, ready to be stepped.

    Attributes:
        task, protocol: what is stepped and how.
        threads: EnvPool's worker threads per pool; 0 picks one per core (VizDoom: four per core).
    """

    task: Task
    protocol: Protocol
    threads: int = 0
    spec: Spec = field(init=False)
    _meter: Meter = field(default_factory=Meter, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "spec", _read_spec(self.task, self.protocol))
        object.__setattr__(self, "threads", self.threads or default_threads(self.task.suite))

    @property
    def env_steps(self) -> int:
        """Env steps taken by this engine so far, unfinished episodes included."""
        return self._meter.env_steps

    @property
    def build_s(self) -> float:
        """Seconds this engine has spent on building pools so far."""
        return self._meter.build_s

    def episodes(self, seeds: Sequence[int], slots: int, *, lanes: int = 1, warm: bool = False) -> Iterator[StepBatch]:
        """Play one episode per seed and yield every transition; the caller fills ``actions`` before resuming.

        Args:
            seeds: environment seeds, int32 each; in warm mode only those of the first ``slots`` episodes are used.
            slots: environments at a time, over all lanes.
            lanes: pools that the slots are split into; 2 lets the caller's work overlap with stepping.
            warm: let a slot play on after its first episode instead of building a fresh one.
        """
        slots = min(slots, len(seeds))
        lanes = max(1, min(lanes, slots))
        bounds = np.linspace(0, slots, lanes + 1).astype(int)
        queue = deque(enumerate(seeds))
        players = [_Lane(self, int(a), int(b - a), queue, warm) for a, b in itertools.pairwise(bounds)]
        waiting = deque(lane for lane in players if lane.start())
        try:
            while waiting:
                lane = waiting.popleft()
                batch = lane.receive()
                yield batch
                if lane.send(batch) or lane.start():
                    waiting.append(lane)
        finally:
            for lane in waiting:
                lane.drain()


class _Lane:
    """One pool at a time, and the episodes its slots are playing."""

    def __init__(self, engine: Engine, offset: int, width: int, queue: deque[tuple[int, int]], warm: bool) -> None:
        self._engine = engine
        self._offset = offset
        self._width = width
        self._queue = queue
        self._warm = warm
        self._pool: Any = None
        self._episode = np.full(width, -1, np.int64)
        self._starting = np.ones(width, bool)
        self._in_flight = False

    def start(self) -> bool:
        """Build a pool for the next episodes and send its resets; False when none are left."""
        began = time.perf_counter()
        work = [self._queue.popleft() for _ in range(min(self._width, len(self._queue)))]
        self._pool = None
        if not work:
            return False
        self._episode[: len(work)] = [place for place, _ in work]
        self._starting[:] = True
        self._pool = make_pool(
            self._engine.task, self._engine.protocol, [seed for _, seed in work], self._engine.threads
        )
        self._columns = _Columns(self._pool, self._engine.spec)
        self._pool._reset(np.arange(len(work), dtype=np.int32))
        self._in_flight = True
        self._engine._meter.build_s += time.perf_counter() - began
        return True

    def receive(self) -> StepBatch:
        """Wait for the transitions of all slots that were sent to."""
        state = self._pool._recv()
        self._in_flight = False
        batch = self._columns.batch(state)
        ids = batch.slots
        batch.episodes = self._episode[ids]
        batch.first = self._starting[ids]
        self._starting[ids] = False
        done = batch.terminated | batch.truncated
        batch.live = np.flatnonzero(~done) if done.any() else None
        cap = self._engine.protocol.max_steps
        if cap is not None and batch.info["elapsed"].max(initial=0) > cap:
            raise ConfigError(
                f"EnvPool does not keep a cap for {self._engine.task.env_id}; leave protocol.max_steps away."
            )
        if self._offset:
            batch.slots = ids + np.int32(self._offset)
        return batch

    def send(self, batch: StepBatch) -> bool:
        """Send the actions of the live rows (and, warm, the resets of the others); False when the pool is done."""
        ids, actions = batch.slots, batch.actions
        if self._offset:
            ids = ids - np.int32(self._offset)
        steps = len(ids)
        if batch.live is not None:
            steps = len(batch.live)
            keep = self._keep(ids, batch.live)
            ids, actions = ids[keep], actions[keep]
        if len(ids) == 0:
            return False
        self._pool._send([ids, ids, np.ascontiguousarray(actions, self._columns.action_dtype)])
        self._engine._meter.env_steps += steps
        self._in_flight = True
        return True

    def _keep(self, ids: Array, live: Array) -> Array:
        """Rows to send: the live ones, and the finished ones that start another warm episode."""
        if not self._warm or not self._queue:
            return live
        keep = np.zeros(len(ids), bool)
        keep[live] = True
        for row in np.flatnonzero(~keep):
            if not self._queue:
                break
            self._episode[ids[row]] = self._queue.popleft()[0]
            self._starting[ids[row]] = True
            keep[row] = True
        return np.flatnonzero(keep)

    def drain(self) -> None:
        """Take what is still in flight, so that the pool can be freed at once."""
        if self._in_flight:
            self._pool._recv()
        self._pool = None


class _Columns:
    """Picks the arrays of a batch out of EnvPool's state list, whose order differs from task to task."""

    def __init__(self, pool: Any, spec: Spec) -> None:
        keys = list(pool._state_keys)
        self._at = {key: place for place, key in enumerate(keys)}
        self._spec = spec
        self._obs_keys = _obs_keys(keys, spec.mode)
        self._lives = self._at.get("info:lives")
        self._terminated = self._at.get("info:terminated")
        self._extra = [(name, self._at["info:" + name]) for name in (spec.info_dtype.names or ())[len(BASE_INFO) :]]
        self.action_dtype = np.dtype(pool.spec.action_array_spec[pool._action_keys[-1]].dtype)

    def batch(self, state: list[Array]) -> StepBatch:
        """Return the batch; ``episodes``, ``first`` and ``live`` are filled by the lane."""
        at = self._at
        ids, reward = state[at["info:env_id"]], state[at["reward"]]
        done, truncated = state[at["done"]], state[at["trunc"]]
        if self._terminated is not None:  # game over on the last allowed step is reported as truncation only
            truncated = truncated & (state[self._terminated] == 0)
        rows = len(ids)
        info = np.zeros(rows, self._spec.info_dtype)
        info["reward"] = reward
        info["elapsed"] = state[at["elapsed_step"]]
        if self._lives is not None:
            info["lives"] = state[self._lives]
        for name, place in self._extra:
            info[name] = state[place]
        action = self._spec.action
        return StepBatch(
            ids, ids, self._obs(state, rows), info, reward, np.ascontiguousarray(info["lives"]), ids,
            done & ~truncated, truncated, None, np.zeros((rows, *action.shape), action.dtype),
        )  # fmt: skip

    def _obs(self, state: list[Array], rows: int) -> Array:
        if not self._spec.obs_dtype.names:
            return state[self._at[self._obs_keys[0]]]
        record = np.empty(rows, self._spec.obs_dtype)
        for name, key in zip(self._spec.obs_dtype.names, self._obs_keys, strict=True):
            record[name] = state[self._at[key]]
        return record


def make_pool(task: Task, protocol: Protocol, seeds: Sequence[int], threads: int) -> Any:
    """Build an EnvPool of one environment per seed, with fresh machines and no step taken."""
    args = _typed(protocol.envpool_args(task))
    with vizdoom_folder() if "vizdoom" in _module_of(task.env_id) else contextlib.nullcontext():
        return envpool.make_gymnasium(
            task.env_id, num_envs=len(seeds), seed=list(seeds), num_threads=min(threads, len(seeds)), **args
        )


def default_threads(suite: str) -> int:
    """Return one thread per core that this process may use; VizDoom waits on child processes and wants four."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 4 * cores if suite == "vizdoom" else cores


def task_ids() -> list[str]:
    """Return every EnvPool id of the installed version."""
    return sorted(envpool.list_all_envs())


def version() -> str:
    """Return the version of the installed EnvPool."""
    return str(envpool.__version__)


def _module_of(env_id: str) -> str:
    entry = envpool.registration.registry.specs.get(env_id)
    return entry[0] if entry else ""


_OURS = ("num_envs", "batch_size", "num_threads", "seed", "env_seed", "max_num_players", "thread_affinity_offset")
"""EnvPool arguments that the engine sets itself."""

_FROM_ONE = ("stack_num", "frame_skip", "img_height", "img_width", "max_episode_steps")
"""EnvPool arguments whose zero ends the process, not the call."""


def _typed(args: dict[str, Any]) -> dict[str, Any]:
    """Check what EnvPool would crash on; lists become tuples, as its pairs want them."""
    for key, value in args.items():
        if key in _OURS:
            raise ConfigError(f"{key} is set by fastheur (slots, threads, split) and cannot be an EnvPool argument.")
        if key in _FROM_ONE:
            whole(key, value)
    return {
        key: _typed(v) if isinstance(v, dict) else tuple(v) if isinstance(v, list) else v for key, v in args.items()
    }


def _obs_keys(keys: Sequence[str], mode: str) -> list[str]:
    return ["info:ram"] if mode == "ram" else [key for key in keys if key == "obs" or key.startswith("obs:")]


def _read_spec(task: Task, protocol: Protocol) -> Spec:
    if not _module_of(task.env_id):
        ids = task_ids()
        raise ConfigError(
            f"EnvPool {version()} has no task {task.env_id!r}.{nearest(task.env_id, ids)} "
            f"It knows {len(ids)} ids; `fastheur list all=true` shows them."
        )
    args = _typed(protocol.envpool_args(task))
    try:
        raw = envpool.make_spec(task.env_id, **args)
    except (TypeError, ValueError, AssertionError, RuntimeError, ImportError, KeyError) as error:
        raise ConfigError(f"EnvPool refuses the arguments {args} for {task.env_id}: {error}") from error
    state = raw.state_array_spec
    keys = _obs_keys(list(state), task.mode)
    if raw.config.max_num_players != 1 or not keys:
        raise ConfigError(
            f"{task.env_id} is a task for several players or has no observation; fastheur plays single-player tasks."
        )
    obs_dtype, obs_shape = _obs_layout({key: state[key] for key in keys})
    vizdoom = "vizdoom" in _module_of(task.env_id)
    game_variables = [key[5:] for key in state if vizdoom and key.startswith("info:") and key[5].isupper()]
    info_dtype = np.dtype([*BASE_INFO, *((name, np.float64) for name in game_variables)], align=True)
    return Spec(task.env_id, task.mode, task.suite, obs_shape, obs_dtype, info_dtype, _action_spec(raw, task))


def _obs_layout(state: dict[str, Any]) -> tuple[np.dtype, tuple[int, ...]]:
    if len(state) == 1:
        only = next(iter(state.values()))
        return np.dtype(only.dtype), _per_player(only.shape)
    fields = [
        (key.removeprefix("obs:").replace(".", "_"), np.dtype(s.dtype), _per_player(s.shape))
        for key, s in state.items()
    ]
    return np.dtype(fields, align=True), ()


def _per_player(shape: Sequence[int]) -> tuple[int, ...]:
    """Drop the players' axis, which EnvPool folds into the batch axis."""
    return tuple(shape[1:] if len(shape) and shape[0] == -1 else shape)


def _action_spec(raw: Any, task: Task) -> ActionSpec:
    keys = [key for key in raw.action_array_spec if key not in ("env_id", "players.env_id")]
    space = raw.action_space
    kind = type(space).__name__
    if len(keys) == 1 and kind == "Discrete" and int(getattr(space, "start", 0)) == 0:
        meanings = atari_actions(task.env_id)
        return ActionSpec("discrete", n=int(space.n), meanings=meanings if len(meanings) == space.n else ())
    if len(keys) == 1 and kind == "Box" and len(space.shape) == 1:
        size = int(space.shape[0])
        if "vizdoom" in _module_of(
            task.env_id
        ):  # the declared box is the range of a C++ double, the game takes buttons
            return ActionSpec("buttons", size=size, low=np.zeros(size), high=np.ones(size))
        return ActionSpec("continuous", size=size, low=space.low.astype(np.float64), high=space.high.astype(np.float64))
    raise ConfigError(
        f"{task.env_id} takes actions of the form {space}; fastheur plays tasks with one discrete action or one flat vector."
    )


def step_cap(task: Task, protocol: Protocol) -> int | None:
    """Return the env steps after which EnvPool ends an episode, or None where nothing says so."""
    args = protocol.envpool_args(task)
    if "max_episode_steps" in args or not _module_of(task.env_id):
        return args.get("max_episode_steps")
    with contextlib.suppress(TypeError, ValueError, AssertionError, RuntimeError, ImportError, KeyError):
        return getattr(envpool.make_spec(task.env_id, **_typed(args)).config, "max_episode_steps", None)
    return None  # the engine will say what EnvPool refuses
