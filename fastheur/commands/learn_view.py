"""How a run is shown while it goes on, and at its end."""

import shlex
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from fastheur.board import Board
from fastheur.budget import Budget
from fastheur.commands.display import PLAIN_SECONDS
from fastheur.learning import Result
from fastheur.runs import Run, RunConfig
from fastheur.seeds import commitment
from fastheur.tasks import human_normalised, references

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
        ("seconds", board.wall_s, budget.wall_s), ("tokens", board.tokens, budget.tokens), ("money", board.money, budget.money),
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


def outcome(found: Result, run: Run) -> Group:
    """Return the table that a run ends in, and where everything lies."""
    config, ledger = run.config, run.ledger
    train = f"{config.protocol.label(config.task)} train"
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("", "version", "protocol", "eps", "score", "HNS"):
        table.add_column(name, justify="left" if name in ("", "version", "protocol") else "right", no_wrap=True)
    for word, version in (("start", found.start), ("champion", found.champion)):
        trial = ledger.trial(version.trial) if version.trial else None
        hns = None if version.score is None else human_normalised(config.task.env_id, version.score)
        table.add_row(
            word, version.name, train, str(trial["episodes"]) if trial else "-", _number(version.score), _number(hns)
        )
    card = found.confirmed
    if card is not None:
        protocol, episodes = f"{card['protocol']} sealed", str(card["episodes"])
        table.add_row("confirmed", found.champion.name, protocol, episodes, _score(card), _number(card["hns_mean"]))
    return Group(table, *map(Text, _words(found, run)))


def _words(found: Result, run: Run) -> list[str]:
    config, ledger, folder = run.config, run.ledger, shlex.quote(str(found.folder))
    record = references().get(config.task.env_id)
    unit = "frames" if config.task.suite == "atari" else "env steps"
    lines = [
        f"{found.env_steps:,} of {config.budget.env_steps:,} {unit} used, {len(ledger.versions())} versions tried, "
        f"{found.steps_per_s:,.0f} steps/s; sealed reads took {found.sealed_steps:,} more."
    ]
    tokens, money = ledger.charged()
    if tokens is not None:
        lines.append(f"{tokens:,} tokens used{'' if money is None else f', for ${money:,.2f}'}.")
    if record:
        lines.append(f"Record: {record.score:,.6g} under {record.protocol} ({record.source}).")
    if found.reason:
        lines.append(f"Ended: {found.reason}.")
        secret = ledger.value("secret")
        lines.append(f"Sealed seeds: secret {secret}, committed to before the run as {commitment(secret)}.")
    else:
        lines.append(f"The run is open: fastheur learn resume={folder}")
    lines.append(f"Champion, memory, golden cases and the ledger are in {found.folder}. Next: fastheur show {folder}")
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def _score(card: Mapping[str, Any]) -> str:
    mean = _number(card["score_mean"])
    return mean if card["ci_low"] is None else f"{mean}\n[dim]{card['ci_low']:,.1f}..{card['ci_high']:,.1f}[/dim]"
