"""What a run came to, as plain data that prints itself: on a terminal, as text, in a notebook."""

import html
import io
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from fastheur import notebook
from fastheur.model_steps import planned
from fastheur.run_ledger import Version
from fastheur.runs import RunConfig
from fastheur.score_view import as_html, number, score
from fastheur.seeds import commitment
from fastheur.tasks import human_normalised, references

_WIDTH = 120
"""Columns of the text."""


@dataclass(frozen=True, repr=False)
class LearnResult:
    """What a run came to.

    Attributes:
        folder: the run folder. config: its settings.
        start, champion: the first version and the last champion: ``name``, ``score`` (mean return on train episodes),
            ``hypothesis``, ``reason``, ``source`` and more. episodes: of the trials that gave their scores, None where unknown.
        confirmed: the Scorecard of the champion on sealed seeds as JSON values, None where it was not played.
        reason: why the run ended, None where it can go on.
        env_steps, sealed_steps: charged to the budget, and beside it. steps_per_s: env steps per second of stepping.
        model_steps: charged to the budget; None where nothing was planned.
        tried: how many versions. tokens, money: of a language model, money in US dollars; None where unknown.
        secret: behind the sealed seeds, None before they were played.
    """

    folder: Path
    config: RunConfig
    start: Version
    champion: Version
    episodes: tuple[int | None, int | None]
    confirmed: Mapping[str, Any] | None
    reason: str | None
    env_steps: int
    sealed_steps: int
    steps_per_s: float
    tried: int
    tokens: int | None = None
    money: float | None = None
    secret: str | None = None
    model_steps: int | None = None

    @property
    def score(self) -> float | None:
        """Mean return of the champion on sealed seeds, None where it was not confirmed: the figure to report."""
        return None if self.confirmed is None else self.confirmed["score_mean"]

    def __repr__(self) -> str:
        sealed = "not confirmed" if self.confirmed is None else f"confirmed {number(self.score)}"
        task = self.config.task
        return (
            f"<LearnResult {self.folder}: {task.name} {task.mode}, start {number(self.start.score)}, champion "
            f"{self.champion.name} {number(self.champion.score)}, {sealed}, {self.env_steps:,} env steps>"
        )

    def __str__(self) -> str:
        text = io.StringIO()
        Console(file=text, width=_WIDTH, color_system=None, highlight=False).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    def __rich__(self) -> Group:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for place, name in enumerate(_HEADS):
            table.add_column(name, justify="left" if place < 3 else "right", no_wrap=True)
        for row in self._rows():
            table.add_row(*row)
        if self.confirmed is not None:
            table.add_row(*self._confirmed(score(self.confirmed)))
        return Group(table, *map(Text, self._words()))

    def _repr_html_(self) -> str:
        rows = list(self._rows())
        if self.confirmed is not None:
            rows.append(self._confirmed(number(self.score)))
        cells = [[html.escape(cell) for cell in row] for row in (_HEADS, *rows)]
        sealed = "" if self.confirmed is None else as_html(self.confirmed)
        task = self.config.task
        lines = map(notebook.line, self._words())
        return notebook.block(
            f"{task.name} {task.mode}", notebook.table(cells, right=(3, 4, 5), quiet=(0,)), *lines, sealed
        )

    def _rows(self) -> Iterator[tuple[str, ...]]:
        task, protocol = self.config.task, self.config.protocol.label(self.config.task)
        for word, version, count in zip(("start", "champion"), (self.start, self.champion), self.episodes, strict=True):
            hns = None if version.score is None else human_normalised(task.env_id, version.score)
            played = "-" if count is None else str(count)
            yield word, version.name, f"{protocol} train", played, number(version.score), number(hns)

    def _confirmed(self, shown: str) -> tuple[str, ...]:
        card = self.confirmed
        assert card is not None
        protocol = f"{card['protocol']} sealed"
        return "confirmed", self.champion.name, protocol, str(card["episodes"]), shown, number(card["hns_mean"])

    def _words(self) -> Iterator[str]:
        config, folder = self.config, shlex.quote(str(self.folder))
        unit = "frames" if config.task.suite == "atari" else "env steps"
        yield (
            f"{self.env_steps:,} of {config.budget.env_steps:,} {unit} used, {self.tried} versions tried, "
            f"{self.steps_per_s:,.0f} steps/s; sealed reads took {self.sealed_steps:,} more."
        )
        if self.model_steps is not None:
            limit = config.budget.model_steps
            yield f"Planned: {self.model_steps:,}{'' if limit is None else f' of {limit:,}'} model steps used."
        if self.confirmed is not None and self.confirmed.get("model_steps") is not None:
            yield f"The champion {planned(self.confirmed['model_steps'])} in the sealed episodes."
        if self.tokens is not None:
            yield f"{self.tokens:,} tokens used{'' if self.money is None else f', for ${self.money:,.2f}'}."
        record = references().get(config.task.env_id)
        if record:
            yield f"Record: {record.score:,.6g} under {record.protocol} ({record.source})."
        if self.reason:
            yield f"Ended: {self.reason}."
        else:
            yield f"The run is open: fastheur learn resume={folder}"
        if self.secret:
            yield f"Sealed seeds: secret {self.secret}, committed to before the run as {commitment(self.secret)}."
        yield f"Champion, memory, golden cases and the ledger are in {self.folder}. Next: fastheur show {folder}"


_HEADS = ("", "version", "protocol", "eps", "score", "HNS")
