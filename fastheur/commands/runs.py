"""``fastheur runs``: the runs in ``runs/``: where they stand, and what they came to."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from fastheur.commands.display import console
from fastheur.errors import FastheurError
from fastheur.run_folder import run_folders
from fastheur.runs import Run


def main(config: Mapping[str, Any]) -> int:
    """Print the table."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("run and task", overflow="fold")
    table.add_column("agent", no_wrap=True)
    for name in ("start", "champion", "confirmed", "env steps"):
        table.add_column(name, justify="right", no_wrap=True)
    folders = run_folders()
    for folder in folders:
        try:
            table.add_row(*_cells(Run.open(folder)))
        except FastheurError as error:
            table.add_row(Text(f"{folder.name}\nunreadable: {error}"))
    if not folders:
        print("No runs yet. Start one: fastheur learn env=atari/breakout start=examples/breakout_start")
        return 0
    console().print(table)
    return 0


def _cells(run: Run) -> list[Text]:
    config, versions, champion = run.config, run.ledger.versions(), run.ledger.champion
    confirmed = run.ledger.value("confirmed")
    start = next((version for version in versions if version.reign == 1), None)
    cells = (
        (run.folder.name, f"{config.task.name} {config.mode} {config.protocol.label(config.task)}"),
        (str(config.agent["name"]),),
        (_number(start.score if start else None),),
        (_number(champion.score), f"{champion.name} of {len(versions)}") if champion else ("-",),
        (_number(confirmed["score_mean"]), confirmed["protocol"]) if confirmed else (run.status,),
        (f"{run.ledger.steps()[0]:,}", f"of {config.budget.env_steps:,}", *_planned(run)),
    )
    return [Text("\n".join(lines)) for lines in cells]


def _planned(run: Run) -> tuple[str, ...]:
    steps = run.ledger.model_steps()
    return () if steps is None else (f"{steps:,} model steps",)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"
