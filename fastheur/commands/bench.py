"""``fastheur bench``: fastheur beside everything else that steps environments, and the Cython core beside its rivals."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from fastheur.benchmark_core import core_ratios
from fastheur.commands import output
from fastheur.commands.display import console
from fastheur.errors import ConfigError, nearest, whole
from fastheur.throughput import judging, plot, report
from fastheur.throughput.arena import Arena
from fastheur.throughput.contenders import contenders
from fastheur.throughput.workloads import WORKLOADS, Workload

CORE, SCALING = "core", "scaling"
"""What ``only=`` takes for the compiled frame kernels, and for the curves over slots and episodes."""

CORE_TARGETS = (5.0, 1.0)
"""At least this many times as fast as the NumPy twin, and as OpenCV where it has the operation; the second is also the
target against Numba for the kernels of ``benchmark_core.RIVALRY``."""


def main(config: Mapping[str, Any]) -> int:
    """Measure and print the tables."""
    whole("repeats", config["repeats"])
    for name in ("steps", "slots", "threads"):
        if config[name] is not None:
            whole(name, config[name])
    if not isinstance(config["peers"], bool):
        raise ConfigError(f"peers is {config['peers']!r}, expected true or false.")
    out = output.checked(config["out"])
    picture = plot.checked(None if config["plot"] is None else str(config["plot"]))
    wanted, others = _wanted(config["only"])
    facts = report.machine()
    print(f"{report.headline(facts)}\nmedian of {config['repeats']} interleaved blocks", flush=True)
    rows, verdicts = _paths(wanted, config)
    core = core_ratios(config["repeats"]) if CORE in others else []
    if core:
        console().print(_core_table(core))
    findings = _judging([name for name in others if name in judging.MEASURES])
    points = list(judging.scaling()) if SCALING in others else []
    for found in judging.flatness(points):
        print(found, flush=True)
        findings.append(found)
    if out:
        output.write_json(report.as_json(facts, rows, verdicts, core) | judging.as_json(findings, points), out)
    if picture and rows:
        plot.draw(rows, report.headline(facts), picture)
    if picture and points:
        plot.draw_curves(points, report.headline(facts), picture.with_stem(f"{picture.stem}-curves"))
    return 0


def _judging(names: Sequence[str]) -> list[judging.Finding]:
    """Take the other measures and say each figure as soon as it is there."""
    findings = []
    for name in names:
        for found in judging.MEASURES[name]():
            print(found, flush=True)
            findings.append(found)
    return findings


def _wanted(only: Any) -> tuple[list[Workload], list[str]]:
    """Return the workloads that ``only`` names, and the other measures."""
    others = [CORE, *judging.MEASURES, SCALING]
    if only is None:
        return list(WORKLOADS), others
    names = [*(workload.key for workload in WORKLOADS), *others]
    if str(only) not in names:
        raise ConfigError(f"only is {str(only)!r}, expected one of {', '.join(names)}.{nearest(str(only), names)}")
    return [workload for workload in WORKLOADS if workload.key == str(only)], [
        name for name in others if name == str(only)
    ]


def _paths(wanted: Sequence[Workload], config: Mapping[str, Any]) -> tuple[list[report.Row], list[report.Verdict]]:
    """Measure the workloads one after the other and show each table as soon as it is there."""
    rows: list[report.Row] = []
    verdicts: list[report.Verdict] = []
    with Arena() as arena:
        for workload in wanted:
            rivals = contenders(workload, config["slots"], config["threads"], config["peers"])
            results = arena.hold(
                workload, rivals, repeats=config["repeats"], steps=config["steps"], say=_progress(workload)
            )
            found, judged = report.rows(workload, results), report.verdicts(workload, results)
            console().print(report.table(workload, found))
            for verdict in judged:
                console().print(f"  {verdict}")
            console().print()
            rows += found
            verdicts += judged
    return rows, verdicts


def _progress(workload: Workload) -> Any:
    """Return a callback that keeps one line on a terminal up to date, and says nothing elsewhere."""

    def say(text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{workload.title}: {text}\r", end="", file=sys.stderr, flush=True)

    return say


def _core_table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="_core on 64 frames: times as fast as ...", title_justify="left")
    for name in ("kernel", "NumPy twin", "target", "OpenCV", "target", "Numba", "target"):
        table.add_column(name, justify="left" if name == "kernel" else "right")
    for row in rows:
        cv2 = "-" if row["vs_cv2"] is None else f"{row['vs_cv2']:.2f}"
        rival = f">= {CORE_TARGETS[1]:.0f}"
        table.add_row(
            row["name"],
            f"{row['vs_twin']:.1f}",
            f">= {CORE_TARGETS[0]:.0f}",
            cv2,
            rival if cv2 != "-" else "",
            f"{row['vs_numba']:.2f}",
            rival if row["rivalry"] else "",
        )
    return table
