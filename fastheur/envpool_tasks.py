"""What EnvPool says of its tasks: what they show and take, how they are set up, and which arguments it refuses."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.envpool_families import envpool
from fastheur.errors import ConfigError, nearest, whole
from fastheur.plain_atari import plain_spec, why_other
from fastheur.resources import DATA
from fastheur.robot_poses import ROBOTS, robot_name
from fastheur.spec import BASE_INFO, ActionSpec, ModelSource, Spec
from fastheur.tasks import Protocol, Task, atari_actions
from fastheur.true_time import model_path
from fastheur.vizdoom_buttons import button_names


def task_ids() -> list[str]:
    """Return every EnvPool id of the installed version."""
    return sorted(envpool.list_all_envs())


def version() -> str:
    """Return the version of the installed EnvPool."""
    return str(envpool.__version__)


def family_of(env_id: str) -> str:
    """Return EnvPool's module of a task, for instance ``envpool.atari``; nothing where EnvPool has no such task."""
    entry = envpool.registration.registry.specs.get(env_id)
    return entry[0] if entry else ""


_OURS = ("num_envs", "batch_size", "num_threads", "seed", "env_seed", "max_num_players", "thread_affinity_offset")
"""EnvPool arguments that the engine sets itself."""

_FROM_ONE = ("stack_num", "frame_skip", "img_height", "img_width", "max_episode_steps")
"""EnvPool arguments whose zero ends the process, not the call."""


def typed_args(args: dict[str, Any]) -> dict[str, Any]:
    """Check what EnvPool would crash on; lists become tuples, as its pairs want them."""
    for key, value in args.items():
        if key in _OURS:
            raise ConfigError(f"{key} is set by fastheur (slots, threads, split) and cannot be an EnvPool argument.")
        if key in _FROM_ONE:
            whole(key, value)
    typed = {
        key: typed_args(v) if isinstance(v, dict) else tuple(v) if isinstance(v, list) else v for key, v in args.items()
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


@contextlib.contextmanager
def refusals(env_id: str, args: Mapping[str, Any]) -> Iterator[None]:
    """Say in words which arguments EnvPool refuses, where it does so within the block."""
    try:
        yield
    except _REFUSED as error:
        raise ConfigError(f"EnvPool refuses the arguments {dict(args)} for {env_id}: {error}") from error


_REFUSED = (TypeError, ValueError, AssertionError, RuntimeError, ImportError, KeyError)
"""What EnvPool raises at arguments that it does not take."""


def obs_keys(keys: Sequence[str], mode: str) -> list[str]:
    """Return which arrays of EnvPool's state are the observation."""
    return ["info:ram"] if mode == "ram" else [key for key in keys if key == "obs" or key.startswith("obs:")]


_RAW_SPECS: dict[str, Any] = {}
"""EnvPool's own specifications by id and arguments: it opens the game for each, which takes a tenth of a second and more."""


def config_of(task: Task, protocol: Protocol) -> dict[str, Any]:
    """Return EnvPool's whole configuration of a task, defaults included; of plain Atari, which is fixed, what was asked for."""
    if why_other(task, protocol) is None:
        return typed_args(protocol.envpool_args(task))
    return dict(_raw_spec(task, protocol).config._asdict())


def _raw_spec(task: Task, protocol: Protocol) -> Any:
    args = typed_args(protocol.envpool_args(task))
    key = f"{task.env_id} {sorted(args.items())!r}"
    if key not in _RAW_SPECS:
        _RAW_SPECS[key] = envpool.make_spec(task.env_id, **args)
    return _RAW_SPECS[key]


def read_spec(task: Task, protocol: Protocol) -> Spec:
    """Return what a task looks like to a policy.

    Raises:
        ConfigError: EnvPool has no such task or refuses its arguments, or fastheur cannot play tasks of its kind.
    """
    if not family_of(task.env_id):
        ids = task_ids()
        raise ConfigError(
            f"EnvPool {version()} has no task {task.env_id!r}.{nearest(task.env_id, ids)} "
            f"It knows {len(ids)} ids; `fastheur list all=true` shows them."
        )
    args = typed_args(protocol.envpool_args(task))
    if why_other(task, protocol) is None:
        return plain_spec(task)
    with refusals(task.env_id, args):
        raw = _raw_spec(task, protocol)
    state = raw.state_array_spec
    keys = obs_keys(list(state), task.mode)
    if raw.config.max_num_players != 1 or not keys:
        raise ConfigError(
            f"{task.env_id} is a task for several players or has no observation; fastheur plays single-player tasks."
        )
    obs_dtype, obs_shape = _obs_layout({key: state[key] for key in keys})
    vizdoom = "vizdoom" in family_of(task.env_id)
    game_variables = [key[5:] for key in state if vizdoom and key.startswith("info:") and key[5].isupper()]
    info_dtype = np.dtype([*BASE_INFO, *((name, np.float64) for name in game_variables)], align=True)
    action, model = _action_spec(raw, task), _model(task, raw.config._asdict())
    return Spec(task.env_id, task.mode, task.suite, obs_shape, obs_dtype, info_dtype, action, model)


def _model(task: Task, config: Mapping[str, Any]) -> ModelSource | None:
    robot = robot_name(task.env_id)
    path = model_path(family_of(task.env_id), task.env_id, config)
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
        if "vizdoom" in family_of(task.env_id):  # the declared box is the range of a double, the game takes buttons
            names = button_names(raw.config.cfg_path, size)
            return ActionSpec("buttons", size=size, low=np.zeros(size), high=np.ones(size), meanings=names)
        return ActionSpec("continuous", size=size, low=space.low.astype(np.float64), high=space.high.astype(np.float64))
    raise ConfigError(
        f"{task.env_id} takes actions of the form {space}; fastheur plays tasks with one discrete action or one flat vector."
    )


def step_cap(task: Task, protocol: Protocol) -> int | None:
    """Return the cap that EnvPool itself puts on an episode, or None where it says none or refuses the arguments."""
    if not family_of(task.env_id):
        return None
    with contextlib.suppress(*_REFUSED):
        return getattr(_raw_spec(task, protocol).config, "max_episode_steps", None)
    return None  # the engine will say what EnvPool refuses
