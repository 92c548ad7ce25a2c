"""The very command that began a run, from its settings: all that differs from the defaults, as the command line takes it."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from fastheur.resources import CONF, POLICIES
from fastheur.runs import RunConfig
from fastheur.tasks import environments, find_protocol

START_FOLDER = "start"
"""Folder of the report with the policy that a run began with, where that is none of the shipped ones."""

_PLAIN = re.compile(r"[A-Za-z_/.][\w/.+-]*")
_RESERVED = ("null", "true", "false", "nan", "inf")
_DIRECT = (
    "seed", "goal", "train_episodes", "validation_episodes", "error", "golden_share", "golden_cases", "golden_max_steps",
    "confirm_episodes", "slots", "threads", "engine", "trial_s", "idle_s", "isolation",
)  # fmt: skip


@dataclass(frozen=True)
class Command:
    """How to begin a run again.

    Attributes:
        words: settings of ``fastheur learn``, none of them quoted for a shell. start: name of the file with the first policy
            that the command expects in the folder it is given in, None where that policy is shipped.
    """

    words: tuple[str, ...]
    start: str | None

    def __str__(self) -> str:
        return shlex.join(["fastheur", "learn", *self.words])


def command_of(config: RunConfig) -> Command:
    """Return the command that begins a run with these settings."""
    shipped = _shipped(config)
    start = f"{START_FOLDER}/{Path(config.start_name).name}" if shipped is None else shipped
    words = [
        *_task(config),
        *_agent(config.agent),
        *([f"start={start}"] if start else []),
        *_budget(config),
        *_others(config),
    ]
    return Command(tuple(words), start if shipped is None else None)


def _task(config: RunConfig) -> Iterator[str]:
    environment, protocol = config.environment, config.protocol
    listed = environments().get(environment.name)
    yield f"env={environment.name if listed else environment.env_id}"
    own = listed.args if listed else {}
    yield from _changed("env.args", environment.args, own)
    yield f"obs={config.mode}"
    name = protocol.name.split(" (")[0]  # behind it stand the arguments that were changed
    base = find_protocol(name, environment)
    yield f"protocol={name}"
    yield from _changed("protocol.args", protocol.args, base.args)
    for key in ("max_steps", "episodes"):
        if getattr(protocol, key) != getattr(base, key):
            yield f"protocol.{key}={literal(getattr(protocol, key))}"


def _agent(agent: Mapping[str, Any]) -> Iterator[str]:
    yield f"agent={agent['name']}"
    path = CONF / "agent" / f"{agent['name']}.yaml"
    defaults = yaml.safe_load(path.read_text()) if path.exists() else {}
    yield from _changed("agent", {key: value for key, value in agent.items() if key != "name"}, defaults)


def _budget(config: RunConfig) -> Iterator[str]:
    defaults = {"must_use": False}
    yield from _changed("budget", asdict(config.budget), {**_defaults()["budget"], **defaults})


def _others(config: RunConfig) -> Iterator[str]:
    defaults = _defaults()
    mine = {key: getattr(config, key) for key in _DIRECT}
    mine["threads"] = mine["threads"] or "auto"
    yield from _changed("", mine, {**defaults, "train_episodes": 8})
    search = {key: getattr(config, f"search_{key}") for key in ("population", "episodes", "stall")}
    usual = {**defaults["search"], "stall": "auto" if config.task.suite == "atari" else None}
    yield from _changed("search", search, usual)
    yield from _changed("limits", asdict(config.limits), defaults["limits"])


def _changed(group: str, values: Mapping[str, Any], usual: Mapping[str, Any]) -> Iterator[str]:
    for key, value in values.items():
        if key not in usual or usual[key] != value:
            yield f"{group}{'.' if group else ''}{key}={literal(value)}"


@cache
def _defaults() -> dict[str, Any]:
    return dict(yaml.safe_load((CONF / "learn.yaml").read_text()))


@cache
def _shipped_texts() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(POLICIES.rglob("*.py")):
        found.setdefault(path.name, []).append(path)
    return found


def _shipped(config: RunConfig) -> str | None:
    """Return how a shipped start policy is named, an empty text for the one that needs no name; None for any other."""
    for path in _shipped_texts().get(config.start_name, []):
        if path.read_text(encoding="utf-8") == config.start:
            name = path.relative_to(POLICIES).with_suffix("").as_posix()
            return "" if name == "random" else name
    return None


def literal(value: Any) -> str:
    """Return a value as Hydra's grammar reads it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{literal(str(key))}:{literal(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(literal, value)) + "]"
    text = str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return "'" + re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), text) + "'"
