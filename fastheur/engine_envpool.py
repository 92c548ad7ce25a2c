"""The engine over EnvPool.

EnvPool resets by itself in the step after the end: that transition's action is ignored, and it is shown as ``first``.
A fresh slot was built for its seed and plays exactly one episode; as slots come free, the next episodes get a pool of
their own. Each lane is a pool: while the caller thinks about one lane's batch the others step.

Pools are built in the foreground: the constructor holds Python's global lock from beginning to end, so a thread that
builds stops the step loop just as well.
"""

import contextlib
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur import _core
from fastheur.batch import StepBatch
from fastheur.engine import Engine
from fastheur.envpool_families import envpool
from fastheur.envpool_tasks import config_of, family_of, obs_keys, read_spec, refusals, typed_args
from fastheur.errors import ConfigError
from fastheur.pictures import Camera, camera_of
from fastheur.pool_shelf import take
from fastheur.spec import BASE_INFO, Spec
from fastheur.tasks import Protocol, Task
from fastheur.true_time import steps_per_s
from fastheur.vizdoom_folder import vizdoom_folder

Array = npt.NDArray[Any]


class EnvPoolEngine(Engine):
    """Any single-player EnvPool task; see :class:`Engine`."""

    name = "envpool"
    can_snapshot = False

    def __init__(self, task: Task, protocol: Protocol, threads: int, *, pictures: bool = False) -> None:
        super().__init__(task, protocol, read_spec(task, protocol), threads)
        self.can_picture = pictures
        self._shown: tuple[_Lane, list[Array]] | None = None
        """Where pictures are wanted: the lane whose transition is being shown, and what EnvPool said of it."""
        self._playing = 0
        """Slots of the episodes that are being played."""

    @property
    def frames_per_s(self) -> float:
        """See :attr:`Engine.frames_per_s`."""
        return steps_per_s(family_of(self.task.env_id), self.task.env_id, self._config)

    @cached_property
    def camera(self) -> Camera | None:
        """What takes the pictures; None where none are wanted."""
        return camera_of(self.spec, family_of(self.task.env_id), self._config) if self.can_picture else None

    @cached_property
    def _config(self) -> dict[str, Any]:
        return config_of(self.task, self.protocol)

    def picture(self) -> Array:
        """See :meth:`Engine.picture`."""
        if self.camera is None:
            return super().picture()
        if self._shown is None:
            raise ConfigError("There is no picture yet: ask for it while episodes() waits for actions.")
        if self._playing != 1:
            raise ConfigError(f"{self._playing} slots play, expected one: a picture shows a single environment.")
        lane, state = self._shown
        return lane.picture(self.camera, state)

    def default_lanes(self, slots: int) -> int:
        """Two where a policy reads whole frames, so that it thinks while the others step; else one."""
        return 2 if self.spec.mode in ("native", "screen") and slots >= 8 else 1

    def episodes(self, seeds: Sequence[int], slots: int, *, lanes: int = 1, warm: bool = False) -> Iterator[StepBatch]:
        """See :meth:`Engine.episodes`."""
        self._playing = slots = min(slots, len(seeds))
        width = -(-slots // max(1, min(lanes, slots)))
        queue, free = deque(enumerate(seeds)), list(range(slots))
        waiting: deque[_Lane] = deque()
        try:
            while True:
                while queue and len(free) >= min(len(queue), -(-width // 2)) and _room(waiting, width, slots):
                    places, free = free[:width], free[width:]
                    waiting.append(_Lane(self, places[: len(queue)], queue, warm))
                if not waiting:
                    return
                lane = waiting.popleft()
                batch = lane.receive()
                yield batch
                self._shown = None
                if lane.send(batch):
                    waiting.append(lane)
                free += lane.freed()
        finally:
            self._shown = None
            for lane in waiting:
                lane.drain()


def _room(lanes: Sequence["_Lane"], width: int, slots: int) -> bool:
    """True while the environments of all pools, idle ones too, stay within twice the slots: they take memory."""
    return sum(lane.width for lane in lanes) + width <= 2 * slots


class _Lane:
    """One pool, and the episodes its slots are playing."""

    def __init__(self, engine: EnvPoolEngine, slots: Sequence[int], queue: deque[tuple[int, int]], warm: bool) -> None:
        began = time.perf_counter()
        self.width = len(slots)
        self._engine = engine
        self._queue = queue
        self._warm = warm
        self._slots = slots
        self._freed: list[int] = []
        self._columns = columns = _core.Transitions(np.array(slots, np.int32), engine.spec.info_dtype)
        work = [queue.popleft() for _ in slots]
        for place, (episode, _) in enumerate(work):
            columns.begin(place, episode)
        self._pool = _fresh_pool(engine, [seed for _, seed in work])
        self._state = _StateList(self._pool, engine.spec)
        action = engine.spec.action
        self._actions = np.zeros((self.width, *action.shape), action.dtype)
        self._sent = np.zeros((self.width, *action.shape), self._state.action_dtype)
        self._places = np.arange(self.width, dtype=np.int32)
        self._cap = engine.protocol.max_steps
        self._pool._reset(self._places)
        self._in_flight = True
        engine.build_s += time.perf_counter() - began

    def receive(self) -> StepBatch:
        """Wait for the transitions of all slots that were sent to."""
        state = self._pool._recv()
        self._in_flight = False
        if self._engine.can_picture:
            self._engine._shown = (self, state)
        at, columns = self._state, self._columns
        places = self._places = state[at.ids]
        rows = len(places)
        going, firsts, longest = columns.absorb(
            places, state[at.reward], state[at.done], state[at.truncated], state[at.elapsed], at.get(state, at.over),
            at.get(state, at.lives),
        )  # fmt: skip
        if self._cap is not None and longest > self._cap:
            raise ConfigError(
                f"EnvPool does not keep a cap for {self._engine.task.env_id}; leave protocol.max_steps away."
            )
        for name, place in at.extra:
            columns.info[name][:rows] = state[place]
        return StepBatch.of(columns, rows, going, firsts, at.obs(state, rows), state[at.reward], self._actions[:rows])

    def picture(self, camera: Camera, state: list[Array]) -> Array:
        """Return what the only environment shows after the transition ``state``."""
        return camera.take(self._pool, dict(zip(self._pool._state_keys, state, strict=True)))

    def send(self, batch: StepBatch) -> bool:
        """Send the actions of the live rows (and, warm, the resets of the others); False when the pool is done."""
        places, actions = self._places, batch.actions
        steps = len(places)
        if batch.live is not None:
            steps = len(batch.live)
            keep = self._keep(batch.live)
            places, actions = places[keep], actions[keep]
        if len(places) == 0:
            return False
        # EnvPool reads the actions while it steps: this lane's buffer is written again only after it has answered
        sent = self._sent[: len(places)]
        sent[...] = actions
        self._engine.charge(steps)
        self._pool._send([places, places, sent])
        self._in_flight = True
        return True

    def _keep(self, live: Array) -> Array:
        """Rows to send: the live ones, and the finished ones that start another warm episode."""
        keep = np.zeros(len(self._places), bool)
        keep[live] = True
        for row in np.flatnonzero(~keep):
            place = int(self._places[row])
            if self._warm and self._queue:
                self._columns.begin(place, self._queue.popleft()[0])
                keep[row] = True
            else:
                self._freed.append(self._slots[place])
        return np.flatnonzero(keep)

    def freed(self) -> list[int]:
        """Return the slots that are done with this pool since the last call."""
        freed, self._freed = self._freed, []
        return freed

    def drain(self) -> None:
        """Take what is still in flight, so that the pool can be freed at once."""
        if self._in_flight:
            self._pool._recv()


class _StateList:
    """Where things stand in EnvPool's state list, whose order differs from task to task."""

    def __init__(self, pool: Any, spec: Spec) -> None:
        keys = list(pool._state_keys)
        at = {key: place for place, key in enumerate(keys)}
        self.ids, self.reward, self.elapsed = at["info:env_id"], at["reward"], at["elapsed_step"]
        self.done, self.truncated = at["done"], at["trunc"]
        self.over = at.get("info:terminated")  # game over on the last allowed step is reported as truncation only
        self.lives = at.get("info:lives")
        self.extra = [(name, at["info:" + name]) for name in (spec.info_dtype.names or ())[len(BASE_INFO) :]]
        self.action_dtype = np.dtype(pool.spec.action_array_spec[pool._action_keys[-1]].dtype)
        self._dtype = spec.obs_dtype
        self._obs = [at[key] for key in obs_keys(keys, spec.mode)]

    @staticmethod
    def get(state: list[Array], place: int | None) -> Array | None:
        """Return an array that not every task has."""
        return None if place is None else state[place]

    def obs(self, state: list[Array], rows: int) -> Array:
        """Return the observations: one array, or records made of several."""
        if not self._dtype.names:
            return state[self._obs[0]]
        record = np.empty(rows, self._dtype)
        for name, place in zip(self._dtype.names, self._obs, strict=True):
            record[name] = state[place]
        return record


def _fresh_pool(engine: EnvPoolEngine, seeds: Sequence[int]) -> Any:
    """Return a pool nobody has played in, from the shelf where one was built ahead."""
    task, protocol, threads = engine.task, engine.protocol, engine.threads
    if engine.camera is not None:  # built another way, and for one look: never from the shelf, nor for it
        return make_pool(task, protocol, seeds, threads, engine.camera.pool_args)
    if task.suite == "vizdoom":  # its environments are processes: none is left waiting
        return make_pool(task, protocol, seeds, threads)
    key = (task.env_id, repr(sorted(protocol.envpool_args(task).items(), key=str)), tuple(seeds), threads)
    return take(key, len(seeds), lambda: make_pool(task, protocol, seeds, threads))


def make_pool(
    task: Task, protocol: Protocol, seeds: Sequence[int], threads: int, more: Mapping[str, Any] | None = None
) -> Any:
    """Build an EnvPool of one environment per seed, with fresh machines and no step taken; ``more`` are its arguments too."""
    args = {**typed_args(protocol.envpool_args(task)), **(more or {})}
    folder = vizdoom_folder() if "vizdoom" in family_of(task.env_id) else contextlib.nullcontext()
    with folder, refusals(task.env_id, args):
        return envpool.make_gymnasium(
            task.env_id, num_envs=len(seeds), seed=list(seeds), num_threads=min(threads, len(seeds)), **args
        )
