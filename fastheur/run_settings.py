"""From the settings of ``conf/learn.yaml`` to those of a run, for the command line and for Python."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from fastheur.budget import Budget
from fastheur.candidates import policy_file
from fastheur.errors import ConfigError, nearest
from fastheur.limits import Limits
from fastheur.loading import Policy
from fastheur.resources import CONF, POLICIES
from fastheur.runs import RunConfig
from fastheur.tasks import Environment, Protocol, Task, make_task

ENV_STEPS = 300_000
"""Env steps of a run for which nothing else is said."""

ATARI_STALL = 3000
"""Frames without a reward after which a search gives up an episode of an Atari game: 50 seconds of play."""

OWN = "own"
"""Marks, in an agent's settings, an object of the caller's own, which no name stands for."""

_NOT_HERE = ("defaults", "resume", "name")
"""Of ``conf/learn.yaml``, what is no setting of the run itself."""


def run_config(config: Mapping[str, Any], environment: Environment, protocol: Protocol) -> RunConfig:
    """Return the settings of a run from a full configuration, as Hydra or :func:`with_defaults` composes it.

    Raises:
        ConfigError: says which setting is wrong, and what is expected.
    """
    task = make_task(environment, config["obs"], protocol)
    search = group(config, "search")
    stall = search["stall"]
    if stall == "auto":
        stall = ATARI_STALL if task.suite == "atari" else None
    start, name = _start(config["start"], task)
    budget = Budget(**{"env_steps": ENV_STEPS, **given(group(config, "budget"))})
    _check_counted(budget, config["agent"])
    return RunConfig(
        environment=environment,
        mode=task.mode,
        protocol=protocol,
        agent=config["agent"],
        start=start,
        start_name=name,
        budget=budget,
        seed=config["seed"],
        train_episodes=8 if config["train_episodes"] is None else config["train_episodes"],
        validation_episodes=config["validation_episodes"],
        error=config["error"],
        golden_share=config["golden_share"],
        golden_cases=config["golden_cases"],
        golden_max_steps=config["golden_max_steps"],
        confirm_episodes=config["confirm_episodes"],
        checkpoints=_listed("checkpoints", config["checkpoints"]),
        checkpoint_episodes=config["checkpoint_episodes"],
        goal=config["goal"],
        search_population=search["population"],
        search_episodes=search["episodes"],
        search_stall=stall,
        slots=config["slots"],
        threads=0 if config["threads"] == "auto" else config["threads"],
        engine=config["engine"],
        trial_s=config["trial_s"],
        idle_s=config["idle_s"],
        isolation=config["isolation"],
        limits=Limits(**group(config, "limits")),
    )


def with_defaults(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``conf/learn.yaml`` with ``settings`` on top; its groups (``budget``, ``search``, ``limits``) one by one.

    Raises:
        ConfigError: there is no such setting; the nearest is offered.
    """
    known = {name: value for name, value in _read(CONF / "learn.yaml").items() if name not in _NOT_HERE}
    return {**_over(known, settings, ""), "agent": settings["agent"]}


def agent_settings(agent: str | Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of an agent: its file in ``conf/agent``, by its name, with what a mapping says on top.

    Raises:
        ConfigError: there is no such agent or setting.
    """
    changes = {"name": agent} if isinstance(agent, str) else dict(agent)
    name, files = str(changes.get("name")), {path.stem: path for path in (CONF / "agent").glob("*.yaml")}
    if name not in files:
        raise ConfigError(
            f"There is no agent {name!r}, expected one of {', '.join(sorted(files))}, or an object of your own."
            f"{nearest(name, files)}"
        )
    return _over(_read(files[name]), changes, "agent.")


def group(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a group of settings.

    Raises:
        ConfigError: it is a single value.
    """
    found = config[name]
    if not isinstance(found, Mapping):
        raise ConfigError(f"{name} is {found!r}, expected {name}.NAME=VALUE; `fastheur learn --help` shows the names.")
    return found


def given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was said of settings, without those left open (None)."""
    return {name: value for name, value in settings.items() if value is not None}


def _listed(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"{name} is {value!r}, expected a list: {name}=[50000,100000].")
    return tuple(value)


def _over(known: Mapping[str, Any], changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = dict(known)
    for name, value in changes.items():
        if name == "agent" and not where:
            continue
        if name not in known:
            raise ConfigError(
                f"Learning has no setting {where}{name!s}, expected one of {', '.join(known)}.{nearest(str(name), known)}"
            )
        merged[name] = _over(known[name], value, f"{name}.") if _both_groups(known[name], value) else value
    return merged


def _both_groups(known: Any, value: Any) -> bool:
    return isinstance(known, Mapping) and isinstance(value, Mapping)


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _check_counted(budget: Budget, agent: Mapping[str, Any]) -> None:
    """Refuse a limit of something that nobody would count: it would never end the run."""
    if agent.get(OWN):  # it may charge what it takes
        return
    if agent["name"] != "openai" and (budget.tokens is not None or budget.money is not None):
        raise ConfigError(
            f"budget.tokens and budget.money work with agent=openai, since the tokens of agent={agent['name']} are not "
            "known here; found one of them. Set limits of your own there, or budget.wall_s here."
        )
    if budget.money is not None and (agent["price_input"] is None or agent["price_output"] is None):
        raise ConfigError(
            f"budget.money={budget.money:g} needs prices: set agent.price_input and agent.price_output, in US dollars per "
            "million tokens."
        )


def _start(start: str | Path | Policy | None, task: Task) -> tuple[str, str]:
    """Return source and name of the policy to start from; a file is read here and run in the player only."""
    if isinstance(start, Policy):
        return start.source, Path(start.name).name
    if not isinstance(start, (str, Path, type(None))):
        raise ConfigError(
            f"start is {start!r}, expected a file, the name of a shipped policy, a loaded policy, or None."
        )
    path = POLICIES / "random.py" if start is None else policy_file(start, task) or Path(start)
    try:
        return path.read_text(encoding="utf-8"), path.name
    except OSError as error:
        raise ConfigError(f"Cannot read the start policy {start}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The start policy {start} is not a text file in UTF-8: {error.reason}.") from error
