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
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur import _core
from fastheur.batch import StepBatch
from fastheur.engine import Engine
from fastheur.envpool_families import envpool
from fastheur.errors import ConfigError, nearest, whole
from fastheur.pictures import Camera, camera_of
from fastheur.pool_shelf import take
from fastheur.resources import DATA
from fastheur.robot_poses import ROBOTS, robot_name
from fastheur.spec import BASE_INFO, ActionSpec, ModelSource, Spec
from fastheur.tasks import Protocol, Task, atari_actions
from fastheur.true_time import model_path, steps_per_s
from fastheur.vizdoom_buttons import button_names
from fastheur.vizdoom_folder import vizdoom_folder

Array = npt.NDArray[Any]


class EnvPoolEngine(Engine):
    """Any single-player EnvPool task; see :class:`Engine`."""

    name = "envpool"
    can_snapshot = False

    def __init__(self, task: Task, protocol: Protocol, threads: int, *, pictures: bool = False) -> None:
        super().__init__(task, protocol, _read_spec(task, protocol), threads)
        self.can_picture = pictures
        self._shown: tuple[_Lane, list[Array]] | None = None
        """Where pictures are wanted: the lane whose transition is being shown, and what EnvPool said of it."""
        self._playing = 0
        """Slots of the episodes that are being played."""

    @property
    def frames_per_s(self) -> float:
        """See :attr:`Engine.frames_per_s`."""
        return steps_per_s(_module_of(self.task.env_id), self.task.env_id, self._config)

    @cached_property
    def camera(self) -> Camera | None:
        """What takes the pictures; None where none are wanted."""
        return camera_of(self.spec, _module_of(self.task.env_id), self._config) if self.can_picture else None

    @cached_property
    def _config(self) -> dict[str, Any]:
        return dict(_raw_spec(self.task, self.protocol).config._asdict())

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
        self._obs = [at[key] for key in _obs_keys(keys, spec.mode)]

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
    args = {**_typed(protocol.envpool_args(task)), **(more or {})}
    with vizdoom_folder() if "vizdoom" in _module_of(task.env_id) else contextlib.nullcontext():
        return envpool.make_gymnasium(
            task.env_id, num_envs=len(seeds), seed=list(seeds), num_threads=min(threads, len(seeds)), **args
        )


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
    typed = {
        key: _typed(v) if isinstance(v, dict) else tuple(v) if isinstance(v, list) else v for key, v in args.items()
    }
    if args.get("cfg_path"):
        typed["cfg_path"] = str(_scenario_file(str(args["cfg_path"])))
    return typed


def _scenario_file(name: str) -> Path:
    """Return a VizDoom configuration file: a path as it is, a bare name is one of the package's own."""
    path = DATA / name if name == Path(name).name else Path(name).absolute()
    if not path.is_file():
        raise ConfigError(
            f"There is no VizDoom configuration {str(path)!r} (cfg_path={name}); a bare name is one of "
            f"{', '.join(sorted(file.name for file in DATA.glob('*.cfg')))}, anything else a path."
        )
    return path


def _obs_keys(keys: Sequence[str], mode: str) -> list[str]:
    return ["info:ram"] if mode == "ram" else [key for key in keys if key == "obs" or key.startswith("obs:")]


_RAW_SPECS: dict[str, Any] = {}
"""EnvPool's own specifications by id and arguments: it opens the game for each, which takes a tenth of a second and more."""


def _raw_spec(task: Task, protocol: Protocol) -> Any:
    args = _typed(protocol.envpool_args(task))
    key = f"{task.env_id} {sorted(args.items())!r}"
    if key not in _RAW_SPECS:
        _RAW_SPECS[key] = envpool.make_spec(task.env_id, **args)
    return _RAW_SPECS[key]


def _read_spec(task: Task, protocol: Protocol) -> Spec:
    if not _module_of(task.env_id):
        ids = task_ids()
        raise ConfigError(
            f"EnvPool {version()} has no task {task.env_id!r}.{nearest(task.env_id, ids)} "
            f"It knows {len(ids)} ids; `fastheur list all=true` shows them."
        )
    try:
        raw = _raw_spec(task, protocol)
    except (TypeError, ValueError, AssertionError, RuntimeError, ImportError, KeyError) as error:
        args = _typed(protocol.envpool_args(task))
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
    action, model = _action_spec(raw, task), _model(task, raw.config._asdict())
    return Spec(task.env_id, task.mode, task.suite, obs_shape, obs_dtype, info_dtype, action, model)


def _model(task: Task, config: Mapping[str, Any]) -> ModelSource | None:
    robot = robot_name(task.env_id)
    path = model_path(_module_of(task.env_id), task.env_id, config)
    if path is None or robot not in ROBOTS or config.get("frame_stack", 1) != 1:
        return None
    told = not config.get("exclude_current_positions_from_observation", True)
    return ModelSource(path.read_text(), robot, int(config["frame_skip"]), told)


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
            names = button_names(raw.config.cfg_path, size)
            return ActionSpec("buttons", size=size, low=np.zeros(size), high=np.ones(size), meanings=names)
        return ActionSpec("continuous", size=size, low=space.low.astype(np.float64), high=space.high.astype(np.float64))
    raise ConfigError(
        f"{task.env_id} takes actions of the form {space}; fastheur plays tasks with one discrete action or one flat vector."
    )


def step_cap(task: Task, protocol: Protocol) -> int | None:
    """Return the cap that EnvPool itself puts on an episode, or None where it says none or refuses the arguments."""
    if not _module_of(task.env_id):
        return None
    with contextlib.suppress(TypeError, ValueError, AssertionError, RuntimeError, ImportError, KeyError):
        return getattr(_raw_spec(task, protocol).config, "max_episode_steps", None)
    return None  # the engine will say what EnvPool refuses
