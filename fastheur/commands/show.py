"""``fastheur show RUN``: what was tried in a run, what became of it, and what was forgotten."""

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from fastheur import memory
from fastheur.commands.display import console
from fastheur.learning import result
from fastheur.run_ledger import RunLedger
from fastheur.run_views import forgotten, walls
from fastheur.runs import Run

MEMORY_TOKENS = 800


def main(config: Mapping[str, Any], name: str) -> int:
    """Print versions, operations, forgetting matrix and memory of a run."""
    run = Run.open(name)
    screen = console()
    screen.print(_versions(run.ledger))
    matrix = forgotten(run.ledger)
    if matrix.cases:
        screen.print(Text(f"Golden cases, and who lost them\n{matrix.text()}\n"))
    entries = run.ledger.memory()
    if entries:
        screen.print(Text(f"{memory.shown(entries, MEMORY_TOKENS)}\n"))
    roles = ", ".join(f"{role} {steps:,}" for role, steps in run.ledger.steps_by_role().items())
    planned = run.ledger.model_steps_by_role()
    if planned:
        print(f"Model steps: {', '.join(f'{role} {steps:,}' for role, steps in planned.items())}.")
    print(f"Env steps: {roles or 'none'}. Policies ran at {walls(run.ledger.trials())}.")
    screen.print(result(run))
    return 0


def _versions(ledger: RunLedger) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("version", "parent", "score", "verdict", "size", "hypothesis and reason"):
        table.add_column(name, justify="right" if name in ("score", "size") else "left")
    for one in ledger.versions():
        table.add_row(
            one.name, "-" if one.parent is None else f"v{one.parent}", "-" if one.score is None else f"{one.score:,.2f}",
            one.verdict, f"{one.complexity:,}", Text(f"{one.hypothesis}\n{one.reason}".rstrip()),
        )  # fmt: skip
    return table
