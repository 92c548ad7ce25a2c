"""Tasks, protocols and reference scores: one table for Atari, one YAML file per other task, one per protocol.

A :class:`Task` is an environment with an observation mode; a :class:`Protocol` is how it is set up and scored. Both are
plain frozen data: nothing here steps or imports a simulator.
"""

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import yaml

from fastheur.errors import ConfigError, nearest, whole
from fastheur.resources import CONF, DATA

_ATARI_MODES = ("ram", "native")


@dataclass(frozen=True)
class Environment:
    """One entry of the task table: a name, an EnvPool id, and the arguments that belong to the task itself.

    ``reward`` is the lowest and the highest reward of one env step, where both are certain; None where they are not.
    """

    name: str
    env_id: str
    suite: str
    modes: tuple[str, ...]
    protocol: str = "default"
    args: Mapping[str, Any] = field(default_factory=dict)
    reward: tuple[float, float] | None = None


@dataclass(frozen=True)
class Task:
    """An environment and an observation mode."""

    environment: Environment
    mode: str

    @property
    def name(self) -> str:
        """Name in the task table, for instance ``atari/breakout``; for an unlisted task its EnvPool id."""
        return self.environment.env_id if self.environment.name == "envpool" else self.environment.name

    @property
    def env_id(self) -> str:
        """EnvPool's id, for instance ``Breakout-v5``."""
        return self.environment.env_id

    @property
    def suite(self) -> str:
        """``atari``, ``mujoco``, ``vizdoom`` or ``envpool`` (anything that has no entry of its own)."""
        return self.environment.suite


@dataclass(frozen=True)
class Protocol:
    """How a task is set up and scored.

    Attributes:
        name: ``weng2026``, ``robust``, ``default`` or a user's own.
        suites: the suites it is defined for; ``None`` for all.
        episodes: how many episodes an evaluation plays when nothing else is asked for.
        max_steps: episode cap in env steps; ``None`` leaves EnvPool's own.
        args: EnvPool arguments. modes: further arguments per observation mode.
    """

    name: str
    suites: tuple[str, ...] | None
    episodes: int
    max_steps: int | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    modes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def envpool_args(self, task: Task) -> dict[str, Any]:
        """Return the EnvPool keyword arguments for ``task``; the task's own entry wins over the protocol."""
        merged = {**self.args, **self.modes.get(task.mode, {}), **task.environment.args}
        if self.max_steps is not None:
            merged["max_episode_steps"] = self.max_steps
        return merged

    def label(self, task: Task) -> str:
        """The name, with every task argument that was changed behind it: an altered protocol never keeps a bare name."""
        listed = environments().get(task.environment.name)
        own = listed.args if listed else {}
        changed = {key: value for key, value in task.environment.args.items() if key not in own or own[key] != value}
        return _named(self.name, changed)

    def deterministic(self, task: Task) -> bool:
        """True where every seed gives the same episode: Atari without sticky actions and without random no-ops."""
        args = self.envpool_args(task)
        return (
            task.suite == "atari"
            and args.get("repeat_action_probability", 0.0) == 0.0
            and args.get("noop_max", 30) <= 1
        )


@dataclass(frozen=True)
class Reference:
    """A published score to compare with: the figure, its protocol and where it was published."""

    score: float
    protocol: str
    source: str


@cache
def environments() -> dict[str, Environment]:
    """Return every listed environment by name, Atari first."""
    table = {}
    for row in atari_table().values():
        name = "atari/" + snake_case(row["env_id"].removesuffix("-v5"))
        table[name] = Environment(name, row["env_id"], "atari", _ATARI_MODES, "weng2026")
    for path in sorted((CONF / "env").rglob("*.yaml")):
        if path.stem != "envpool":
            entry = environment_from(_read_yaml(path), where=path.name)
            table[entry.name] = entry
    return table


def snake_case(name: str) -> str:
    """Return ``bank_heist`` for ``BankHeist``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@cache
def atari_table() -> dict[str, dict[str, str]]:
    """Return the canonical Atari-57 table by EnvPool id: random, human and published scores as text (sources.md)."""
    with (DATA / "atari57.csv").open(newline="") as file:
        return {row["env_id"]: row for row in csv.DictReader(file)}


@cache
def _atari_actions() -> dict[str, tuple[str, ...]]:
    with (DATA / "atari_actions.csv").open(newline="") as file:
        return {row["env_id"]: tuple(row["actions"].split()) for row in csv.DictReader(file)}


def atari_actions(env_id: str) -> tuple[str, ...]:
    """Return the names of a game's minimal action set in order (from ale-py), or nothing outside Atari-57."""
    return _atari_actions().get(env_id, ())


@cache
def references() -> dict[str, Reference]:
    """Return the score to beat per EnvPool id: the reference's records, else its best single run on Atari."""
    found = {
        env_id: Reference(
            float(row["weng_best_single_run_20M"]), "weng2026", "Learning Beyond Gradients, best run, 20M frames"
        )
        for env_id, row in atari_table().items()
        if row["weng_best_single_run_20M"]
    }
    with (DATA / "records.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            found[row["env_id"]] = Reference(float(row["score"]), row["protocol"], row["source"])
    return found


def human_normalised(env_id: str, score: float) -> float | None:
    """Return ``(score - random) / (human - random)`` with the canonical table, or None outside Atari-57."""
    row = atari_table().get(env_id)
    if row is None:
        return None
    random, human = float(row["random"]), float(row["human"])
    return (score - random) / (human - random)


def environment_from(entry: Mapping[str, Any], where: str = "env") -> Environment:
    """Build an :class:`Environment` from a mapping as in ``conf/env``."""
    if entry.get("id") == "???":
        raise ConfigError("env=envpool needs the EnvPool id of the task, for instance env.id=CartPole-v1.")
    missing = [key for key in ("name", "id", "suite", "modes") if key not in entry]
    if missing:
        raise ConfigError(
            f"{where}: the task entry lacks {', '.join(missing)}; see conf/env/mujoco/ant.yaml for a full one"
        )
    return Environment(
        entry["name"],
        entry["id"],
        entry["suite"],
        tuple(entry["modes"]),
        entry.get("protocol", "default"),
        _arguments(entry.get("args"), "env.args"),
        _reward_bounds(entry.get("reward"), where),
    )


def protocol_from(entry: Mapping[str, Any]) -> Protocol:
    """Build a :class:`Protocol` from a mapping as in ``conf/protocol``."""
    max_steps = entry.get("max_steps")
    for key in ("max_steps", "episodes"):
        if entry.get(key) is not None:
            whole(f"protocol.{key}", entry[key])
    suites = entry.get("suites")
    return Protocol(
        entry["name"],
        tuple(suites) if suites else None,
        int(entry.get("episodes") or 10),
        max_steps,
        _arguments(entry.get("args"), "protocol.args"),
        _arguments(entry.get("modes"), "protocol.modes"),
    )


def find_environment(name: str, args: Mapping[str, Any] | None = None) -> Environment:
    """Return the listed environment ``name``, or the EnvPool id ``name`` as an unlisted one.

    Raises:
        ConfigError: neither exists; the nearest names are offered.
    """
    table = environments()
    entry = table.get(name) or next((e for e in table.values() if e.env_id == name), None)
    if entry is None:
        if "/" in name and not re.search(r"-v\d+$", name):
            raise ConfigError(f"There is no task {name!r}.{nearest(name, table)} `fastheur list` shows all of them.")
        entry = Environment("envpool", name, "envpool", ("state",))
    return replace(entry, args={**entry.args, **args}) if args else entry


def find_protocol(name: str | None, environment: Environment, **changes: Any) -> Protocol:
    """Return the protocol ``name`` (``None``: the environment's own) with ``changes`` on top.

    Changed arguments are merged into the protocol's own and shown in its name; ``max_steps`` alone leaves the name.
    """
    name = name or environment.protocol
    known = {path.stem: path for path in (CONF / "protocol").glob("*.yaml")}
    if name not in known:
        raise ConfigError(
            f"There is no protocol {name!r}, expected one of {', '.join(sorted(known))}.{nearest(name, known)}"
        )
    entry = _read_yaml(known[name])
    args = _arguments(changes.pop("args", None), "protocol.args")
    changed = {key: value for key, value in args.items() if entry["args"].get(key) != value}
    entry |= {key: value for key, value in changes.items() if value is not None}
    return protocol_from({**entry, "name": _named(name, changed), "args": {**entry["args"], **args}})


def _named(name: str, changed: Mapping[str, Any]) -> str:
    return name + (f" ({', '.join(f'{key}={value}' for key, value in sorted(changed.items()))})" if changed else "")


def _reward_bounds(value: Any, where: str) -> tuple[float, float] | None:
    if value is None:
        return None
    pair = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []
    numbers = [x for x in pair if isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x)]
    if len(pair) != 2 or len(numbers) != 2 or numbers[0] > numbers[1]:
        raise ConfigError(f"{where}: reward is {value!r}, expected [LOWEST, HIGHEST] of one env step, such as [0, 1].")
    return float(numbers[0]), float(numbers[1])


def _arguments(value: Any, where: str) -> dict[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise ConfigError(f"{where} is {value!r}, expected settings like {where}.NAME=VALUE.")
    return dict(value or {})


def make_task(environment: Environment, mode: str | None, protocol: Protocol) -> Task:
    """Return the task, after checking that the environment has the mode and the protocol fits its suite."""
    task = Task(environment, mode or environment.modes[0])
    if task.mode not in environment.modes:
        raise ConfigError(f"{task.name} has no observation mode {mode!r}, expected {' or '.join(environment.modes)}.")
    if protocol.suites is not None and environment.suite not in protocol.suites:
        raise ConfigError(
            f"Protocol {protocol.name!r} is defined for {', '.join(protocol.suites)} only, and {task.name} belongs "
            f"to {environment.suite}. Use protocol=default."
        )
    return task


def _read_yaml(path: Any) -> dict[str, Any]:
    try:
        return yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"Cannot read {path}: {error}") from error
