"""``fastheur learn``: make or resume a run, let its agent work, and show what came out."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from fastheur.agents.base import Agent
from fastheur.agents.registry import make_agent
from fastheur.board import Board
from fastheur.commands import settings
from fastheur.commands.display import console
from fastheur.commands.play import INTERRUPTED
from fastheur.errors import FastheurError
from fastheur.lab import Lab
from fastheur.learning import begin, resume
from fastheur.run_folder import new_folder
from fastheur.run_settings import given, group, run_config
from fastheur.run_watch import watched
from fastheur.runner import carry_on


def main(config: Mapping[str, Any]) -> int:
    """Learn, and print the outcome."""
    return learn(config, console())


def learn(config: Mapping[str, Any], screen: Console, agent: Agent | None = None) -> int:
    """Learn, and print everything that is to be said on ``screen``; ``agent`` goes on with a run in place of its own."""
    config = settings.texts(config)
    board = Board()
    if config["resume"] is not None:
        lab = resume(config["resume"], board, **given(group(config, "budget")))
        return _carry_on(lab, agent, board, screen, resumed=True)
    environment = settings.environment(config)
    wanted = run_config(config, environment, settings.protocol(config, environment))
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
    folder = lab.run.folder
    screen.print(f"Run {folder}. Sealed seeds committed to as {lab.run.ledger.value('commitment')}.")
    try:
        screen.print(carry_on(lab, agent, board, resumed, shown=True))
    except KeyboardInterrupt:
        screen.print(f"Interrupted; everything measured is kept. {_again(folder)}")
        return INTERRUPTED
    except FastheurError:
        screen.print(f"The agent has stopped; everything measured is kept. {_again(folder)}")
        raise
    return 0


def _again(folder: Path) -> str:
    return f"Go on with: fastheur learn resume={shlex.quote(str(folder))}"
