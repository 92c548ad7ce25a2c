"""``fastheur learn``: make or resume a run, let its agent work, and show what came out."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from fastheur.agents.base import Agent
from fastheur.agents.registry import make_agent
from fastheur.board import Board
from fastheur.budget import Budget
from fastheur.commands import settings
from fastheur.commands.display import console
from fastheur.commands.learn_view import outcome, watched
from fastheur.commands.play import INTERRUPTED
from fastheur.errors import ConfigError, FastheurError
from fastheur.lab import Lab
from fastheur.learning import begin, confirm, result, resume, work
from fastheur.limits import Limits
from fastheur.resources import POLICIES
from fastheur.run_folder import new_folder
from fastheur.runs import RunConfig
from fastheur.tasks import make_task

ENV_STEPS = 300_000
"""Env steps of a run for which nothing else is said."""

ATARI_STALL = 3000
"""Frames without a reward after which a search gives up an episode of an Atari game: 50 seconds of play."""


def main(config: Mapping[str, Any]) -> int:
    """Learn, and print the outcome."""
    return learn(config, console())


def learn(config: Mapping[str, Any], screen: Console, agent: Agent | None = None) -> int:
    """Learn, and print everything that is to be said on ``screen``; ``agent`` goes on with a run in place of its own."""
    config = settings.texts(config)
    board = Board()
    if config["resume"] is not None:
        lab = resume(config["resume"], board, **_given(_group(config, "budget")))
        return _carry_on(lab, agent, board, screen, resumed=True)
    wanted = run_config(config)
    folder = new_folder(config["name"], wanted.task.name, str(wanted.agent["name"]))
    agent = agent or make_agent(wanted.agent, wanted.start)
    try:
        with watched(board, wanted):
            lab = begin(wanted, folder, board)
    except KeyboardInterrupt:
        screen.print(f"Interrupted in the trial of the start policy. {_again(folder)}")
        return INTERRUPTED
    return _carry_on(lab, agent, board, screen, resumed=False)


def _carry_on(lab: Lab, agent: Agent | None, board: Board, screen: Console, resumed: bool) -> int:
    folder, champion = lab.run.folder, lab.run.ledger.champion
    try:
        agent = agent or make_agent(lab.run.config.agent, champion.source if champion else "")
        screen.print(f"Run {folder}. Sealed seeds committed to as {lab.run.ledger.value('commitment')}.")
        with watched(board, lab.run.config):
            work(lab, agent, resumed)
            if lab.over:
                confirm(lab)
        screen.print(outcome(result(lab.run), lab.run))
    except KeyboardInterrupt:
        screen.print(f"Interrupted; everything measured is kept. {_again(folder)}")
        return INTERRUPTED
    except FastheurError:
        screen.print(f"The agent has stopped; everything measured is kept. {_again(folder)}")
        raise
    finally:
        lab.close()
    return 0


def _again(folder: Path) -> str:
    return f"Go on with: fastheur learn resume={shlex.quote(str(folder))}"


def run_config(config: Mapping[str, Any]) -> RunConfig:
    """Return the settings of a run from a composed configuration.

    Raises:
        ConfigError: says which setting is wrong, and what is expected.
    """
    environment = settings.environment(config)
    protocol = settings.protocol(config, environment)
    task = make_task(environment, config["obs"], protocol)
    search = _group(config, "search")
    stall = search["stall"]
    if stall == "auto":
        stall = ATARI_STALL if task.suite == "atari" else None
    start, name = _start(config["start"])
    budget = Budget(**{"env_steps": ENV_STEPS, **_given(_group(config, "budget"))})
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
        limits=Limits(**_group(config, "limits")),
    )


def _check_counted(budget: Budget, agent: Mapping[str, Any]) -> None:
    """Refuse a limit of something that nobody would count: it would never end the run."""
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


def _group(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    group = config[name]
    if not isinstance(group, Mapping):
        raise ConfigError(f"{name} is {group!r}, expected {name}.NAME=VALUE; `fastheur learn --help` shows the names.")
    return group


def _given(budget: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in budget.items() if value is not None}


def _start(start: str | None) -> tuple[str, str]:
    """Return source and name of the policy to start from; it is read here and run in the player only."""
    path = POLICIES / "random.py" if start is None else Path(start)
    shipped = POLICIES / f"{start}.py"
    if start is not None and not path.exists() and shipped.exists():
        path = shipped
    try:
        return path.read_text(encoding="utf-8"), path.name
    except OSError as error:
        raise ConfigError(f"Cannot read the start policy {start}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The start policy {start} is not a text file in UTF-8: {error.reason}.") from error
