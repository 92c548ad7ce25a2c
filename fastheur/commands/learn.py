"""``fastheur learn``: make or resume a run, let its agent work, and show what came out."""

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
from fastheur.errors import ConfigError
from fastheur.lab import Lab
from fastheur.learn import begin, confirm, result, resume, work
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
        lab = resume(config["resume"], board, **_given(config["budget"]))
        return _carry_on(lab, agent or make_agent(lab.run.config.agent), board, screen, resumed=True)
    wanted = run_config(config)
    agent = make_agent(wanted.agent)
    folder = new_folder(config["name"], wanted.task.name, str(wanted.agent["name"]))
    with watched(board, wanted):
        lab = begin(wanted, folder, board)
    return _carry_on(lab, agent, board, screen, resumed=False)


def _carry_on(lab: Lab, agent: Agent, board: Board, screen: Console, resumed: bool) -> int:
    folder = lab.run.folder
    try:
        screen.print(f"Run {folder}. Sealed seeds committed to as {lab.run.ledger.value('commitment')}.")
        with watched(board, lab.run.config):
            work(lab, agent, resumed)
            if lab.over:
                confirm(lab)
        screen.print(outcome(result(lab.run), lab.run))
    except KeyboardInterrupt:
        screen.print(f"Interrupted; everything measured is kept. Go on with: fastheur learn resume={folder}")
        return INTERRUPTED
    finally:
        lab.close()
    return 0


def run_config(config: Mapping[str, Any]) -> RunConfig:
    """Return the settings of a run from a composed configuration.

    Raises:
        ConfigError: says which setting is wrong, and what is expected.
    """
    environment = settings.environment(config)
    protocol = settings.protocol(config, environment)
    task = make_task(environment, config["obs"], protocol)
    search = config["search"]
    stall = search["stall"]
    if stall == "auto":
        stall = ATARI_STALL if task.suite == "atari" else None
    start, name = _start(config["start"])
    return RunConfig(
        environment=environment,
        mode=task.mode,
        protocol=protocol,
        agent=config["agent"],
        start=start,
        start_name=name,
        budget=Budget(**{"env_steps": ENV_STEPS, **_given(config["budget"])}),
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
    )


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
