"""Turns what the arena measured into rows, tables, verdicts on the targets, and JSON."""

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from fastheur.engine import processor
from fastheur.throughput.arena import Result
from fastheur.throughput.contenders import BARE_NAMES
from fastheur.throughput.setting import cores
from fastheur.throughput.workloads import BARE, RAW, Workload

PACKAGES = ("envpool", "ale-py", "gymnasium", "mujoco", "numpy", "numba")
"""Whose versions are told with the figures."""


@dataclass(frozen=True)
class Row:
    """One contender on one workload.

    Attributes:
        steps_per_s, low, high: median, slowest and fastest block, in env steps per second; 0 where nothing was measured.
        of_raw: share of the bare simulator's speed on all cores. of_bare: ratio to the fastest bare EnvPool loop. Both
            are medians of the ratios turn by turn.
        problem: why there is no figure. note: what else to know.
    """

    workload: str
    contender: str
    setting: str
    steps_per_s: float
    low: float
    high: float
    of_raw: float | None
    of_bare: float | None
    problem: str | None
    note: str


@dataclass(frozen=True)
class Verdict:
    """A target and what was measured; ``ratio`` is None where one of the two sides has no figure."""

    workload: str
    subject: str
    over: str
    least: float
    ratio: float | None

    @property
    def met(self) -> bool | None:
        """Whether the target was met; None where it could not be measured."""
        return None if self.ratio is None else self.ratio >= self.least

    def __str__(self) -> str:
        word = {True: "met", False: "missed", None: "not measured"}[self.met]
        found = "" if self.ratio is None else f" {self.ratio:.3f},"
        return f"{word}: {self.subject} over {self.over}:{found} target >= {self.least:g}"


def rows(workload: Workload, results: Sequence[Result]) -> list[Row]:
    """Return the rows of one workload's table."""
    by_name = _by_name(results)
    return [
        Row(
            workload.key,
            result.contender,
            "" if result.setting is None else str(result.setting),
            result.median,
            min(result.rates, default=0.0),
            max(result.rates, default=0.0),
            _ratio(result, by_name.get(RAW)),
            _ratio(result, by_name.get(BARE)),
            result.problem,
            workload.notes.get(result.contender, ""),
        )
        for result in results
    ]


def verdicts(workload: Workload, results: Sequence[Result]) -> list[Verdict]:
    """Return how the targets of ``workload`` fared; those of contenders that did not take part are left out."""
    by_name = _by_name(results)
    took_part = {result.contender for result in results} | {BARE}
    return [
        Verdict(
            workload.key,
            target.subject,
            target.over,
            target.least,
            _ratio(by_name.get(target.subject), by_name.get(target.over)),
        )
        for target in workload.targets
        if target.subject in took_part and target.over in took_part
    ]


def _by_name(results: Sequence[Result]) -> dict[str, Result]:
    """Return the results that have figures, and under a name of its own the fastest of the bare EnvPool loops."""
    measured = {result.contender: result for result in results if result.rates}
    bare = [measured[name] for name in BARE_NAMES if name in measured]
    return measured | ({BARE: max(bare, key=lambda result: result.median)} if bare else {})


def _ratio(one: Result | None, other: Result | None) -> float | None:
    """Return the median of the ratios turn by turn, which a machine's drift hits less than a ratio of medians."""
    if one is None or other is None or not one.rates:
        return None
    return statistics.median(a / b for a, b in zip(one.rates, other.rates, strict=True))


def table(workload: Workload, found: Sequence[Row]) -> Table:
    """Return the table of one workload."""
    shown = Table(title=workload.title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    shown.add_column("contender")
    shown.add_column("setting")
    for name in ("steps/s", "min .. max", "of raw", "of best bare EnvPool"):
        shown.add_column(name, justify="right")
    for row in found:
        name = row.contender + (f"\n[dim]{escape(row.note)}[/dim]" if row.note else "")
        if row.problem:
            shown.add_row(name, f"[dim]{escape(row.problem)}[/dim]", "-", "", "", "")
            continue
        spread = f"{row.low:,.0f} .. {row.high:,.0f}"
        shown.add_row(name, row.setting, f"{row.steps_per_s:,.0f}", spread, _share(row.of_raw), _share(row.of_bare))
    return shown


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"


def machine() -> dict[str, str]:
    """Return what the figures depend on: processor, cores, load of the last minute, system, versions."""
    versions = {name: _version(name) for name in PACKAGES}
    return {
        "processor": processor(),
        "cores": str(cores()),
        "load": f"{os.getloadavg()[0]:.1f}",
        "system": platform.platform(),
        "python": platform.python_version(),
        **versions,
    }


def headline(facts: dict[str, str]) -> str:
    """Return :func:`machine` in two lines of text, and a warning where others use the machine."""
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", *PACKAGES))
    busy = float(facts["load"]) > 0.5 * float(facts["cores"])
    warning = f"\nThe machine is busy (load {facts['load']} before the start): expect wide spreads." if busy else ""
    return f"{facts['processor']}, {facts['cores']} cores, {facts['system']}\n{versions}{warning}"


def as_json(facts: dict[str, str], found: Sequence[Row], judged: Sequence[Verdict], core: Any) -> dict[str, Any]:
    """Return everything as plain JSON values."""
    return {
        "machine": facts,
        "rows": [asdict(row) for row in found],
        "targets": [asdict(verdict) | {"met": verdict.met} for verdict in judged],
        "core": core,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
