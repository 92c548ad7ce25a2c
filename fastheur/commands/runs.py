"""``fastheur runs``: the runs in ``runs/``, one line each."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur.commands.display import console
from fastheur.errors import FastheurError
from fastheur.run_folder import run_folders
from fastheur.runs import Run


def main(config: Mapping[str, Any]) -> int:
    """Print the table."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("run", "task", "agent", "status", "versions", "start", "champion", "confirmed", "env steps"):
        table.add_column(name, justify="left" if name in ("run", "task", "agent", "status") else "right")
    folders = run_folders()
    for folder in folders:
        try:
            table.add_row(*_cells(Run.open(folder)))
        except FastheurError as error:
            table.add_row(folder.name, f"unreadable: {error}")
    if not folders:
        print("No runs yet. Start one: fastheur learn env=atari/breakout start=examples/breakout_start")
        return 0
    console().print(table)
    return 0


def _cells(run: Run) -> list[str]:
    config, versions, champion = run.config, run.ledger.versions(), run.ledger.champion
    confirmed = run.ledger.value("confirmed")
    start = next((version for version in versions if version.reign == 1), None)
    return [
        run.folder.name,
        f"{config.task.name} {config.mode} {config.protocol.label(config.task)}",
        str(config.agent["name"]),
        run.status,
        str(len(versions)),
        _number(start.score if start else None),
        f"{champion.name} {_number(champion.score)}" if champion else "-",
        f"{_number(confirmed['score_mean'])} {confirmed['protocol']}" if confirmed else "-",
        f"{run.ledger.steps()[0]:,} / {config.budget.env_steps:,}",
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
