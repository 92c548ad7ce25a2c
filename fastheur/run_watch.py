"""Shows a run while it goes on: bars on a terminal, a line per event elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fastheur.board import Board
from fastheur.budget import Budget
from fastheur.runs import RunConfig

PLAIN_SECONDS = 10.0
"""How often a progress line is printed where there is no terminal."""

_PER_SECOND = 4


@contextmanager
def watched(board: Board, config: RunConfig) -> Iterator[None]:
    """Show the board while the block runs: bars on a terminal, a line per event in a pipe."""
    budget, title = config.budget, f"{config.task.name} {config.mode} {config.protocol.label(config.task)}"
    if sys.stderr.isatty():
        with Live(
            get_renderable=lambda: _picture(board, budget, title), console=Console(stderr=True),
            refresh_per_second=_PER_SECOND, transient=True,
        ):  # fmt: skip
            yield
        return
    board.listener = lambda line: print(f"{_when(board)} {line}", file=sys.stderr, flush=True)
    over = threading.Event()
    beat = threading.Thread(target=_beat, args=(board, budget, over), daemon=True)
    beat.start()
    try:
        yield
    finally:
        over.set()
        beat.join()
        board.listener = None


def _beat(board: Board, budget: Budget, over: threading.Event) -> None:
    while not over.wait(PLAIN_SECONDS):
        if board.doing:
            print(
                f"{_when(board)} {board.doing}: {board.steps:,} of {budget.env_steps:,} env steps",
                file=sys.stderr,
                flush=True,
            )


def _when(board: Board) -> str:
    return f"{time.monotonic() - board.began:6.1f}s"


def _picture(board: Board, budget: Budget, title: str) -> Group:
    grid = Table.grid(padding=(0, 1))
    grid.add_row("env steps", _bar(board.steps, budget.env_steps), f"{board.steps:,} / {budget.env_steps:,}")
    for name, used, limit in (
        ("model steps", board.model_steps, budget.model_steps), ("seconds", board.wall_s, budget.wall_s),
        ("tokens", board.tokens, budget.tokens), ("money", board.money, budget.money),
    ):  # fmt: skip
        if limit is not None:
            grid.add_row(name, _bar(used or 0, limit), f"{used or 0:,.4g} / {limit:,.4g}")
    score = "-" if board.champion_score is None else f"{board.champion_score:,.2f}"
    start = "" if board.start_score is None else f" (start {board.start_score:,.2f})"
    head = Text(f"{title}   champion {board.champion or '-'} {score}{start}   {board.versions} versions tried", "bold")
    done, of = board.episodes
    now = Text(
        f"{board.doing or 'the agent is thinking'}{f': {done} of {of} episodes' if of and board.doing else ''}", "cyan"
    )
    return Group(head, grid, now, *(Text(line, "dim", no_wrap=True, overflow="ellipsis") for line in board.lines))


def _bar(used: float, limit: float) -> ProgressBar:
    return ProgressBar(total=limit, completed=min(used, limit), width=40)
