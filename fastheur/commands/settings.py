"""Turns a composed configuration into the arguments of the Python API."""

from collections.abc import Mapping
from typing import Any

from fastheur.errors import ConfigError
from fastheur.tasks import Environment, Protocol, environment_from, find_protocol


def environment(config: Mapping[str, Any]) -> Environment:
    """Return the environment of ``config["env"]``."""
    entry = config.get("env")
    if not entry:
        raise ConfigError(
            "No task was given: add env=TASK, for instance env=atari/breakout. `fastheur list` shows all."
        )
    return environment_from(entry)


def protocol(config: Mapping[str, Any], where: Environment) -> Protocol:
    """Return the protocol of ``config["protocol"]``: one that was named, or the task's own, with single changes on top."""
    entry = dict(config.get("protocol") or {})
    return find_protocol(entry.pop("name", None), where, **entry)


def numbers(params: Any) -> dict[str, Any]:
    """Return ``params.*`` as a mapping of plain values."""
    if params is None:
        return {}
    if not isinstance(params, Mapping):
        raise ConfigError(f"params is {params!r}, expected params.NAME=VALUE.")
    return {str(name): value for name, value in params.items()}


def texts(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``config`` with its names of files and its notes as text: YAML reads ``policy=5`` as a number."""
    names = {
        name: config[name]
        for name in ("policy", "out", "ledger", "notes", "start", "name", "resume", "run")
        if name in config
    }
    plain = {name: None if value is None else str(value) for name, value in names.items()}
    if "notes" in plain:
        plain["notes"] = plain["notes"] or ""
    return {**config, **plain}
