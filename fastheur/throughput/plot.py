"""Draws the rows of a benchmark as bars, one panel per workload, and curves. Matplotlib is imported only when asked for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastheur.errors import ConfigError
from fastheur.throughput.judging import FLAT, Point
from fastheur.throughput.report import Row
from fastheur.throughput.workloads import WORKLOADS

FORMATS = (".svg", ".png")

COLOURS = {"fastheur": "#D55E00", "bare EnvPool": "#0072B2", "raw": "#000000", "": "#999999"}
"""By how a contender's name begins: colours of Okabe and Ito, which colour-blind readers can tell apart."""


def checked(path: str | None) -> Path | None:
    """Return where the plot goes, after checking that it can be drawn; None when none is wanted.

    Raises:
        ConfigError: another ending, no such folder, or no Matplotlib.
    """
    if path is None:
        return None
    if Path(path).suffix.lower() not in FORMATS:
        raise ConfigError(f"plot={path} ends in {Path(path).suffix or 'nothing'!r}, expected {' or '.join(FORMATS)}.")
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ConfigError(f"plot= needs Matplotlib ({error}): pip install 'fastheur[bench]'.") from error
    return Path(path)


def draw(found: Sequence[Row], subtitle: str, path: Path) -> None:
    """Write one panel of horizontal bars per workload to ``path``; whiskers show the slowest and fastest block."""
    from matplotlib.figure import Figure

    panels = [
        (workload.title, measured)
        for workload in WORKLOADS
        if (measured := [row for row in found if row.workload == workload.key and not row.problem])
    ]
    heights = [len(measured) + 1.8 for _, measured in panels]
    figure = Figure(figsize=(9, 0.34 * sum(heights) + 0.6), layout="constrained")
    figure.suptitle(f"Env steps per second\n{subtitle}", fontsize=9)
    axes = figure.subplots(len(panels), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for panel, (title, measured) in zip(axes, panels, strict=True):
        _panel(panel, title, sorted(measured, key=lambda row: row.steps_per_s))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def draw_curves(points: Sequence[Point], subtitle: str, path: Path) -> None:
    """Write what a step costs against slots and against episodes, each curve over its own best point, to ``path``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    figure.suptitle(f"Cost of an env step over the best of its curve\n{subtitle}", fontsize=9)
    for panel, what in zip(figure.subplots(1, 2), ("slots", "episodes"), strict=True):
        curves = dict.fromkeys(point.curve for point in points if point.curve.startswith(what))
        for curve, (colour, mark) in zip(curves, (("#0072B2", "o"), ("#D55E00", "s")), strict=False):
            line = [point for point in points if point.curve == curve]
            best = min(point.us_per_step for point in line)
            label = f"{curve.split(': ')[1]} (best {best:.2f} us)"
            ratios = [point.us_per_step / best for point in line]
            panel.plot([point.amount for point in line], ratios, marker=mark, color=colour, label=label)
        panel.axhline(FLAT, color="#555555", linewidth=0.8, linestyle="--")
        panel.set(xscale="log", yscale="log", xlabel=what)
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}x")
        panel.legend(fontsize=8, frameon=False)
        panel.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


def _panel(panel: Any, title: str, measured: Sequence[Row]) -> None:
    names = [f"{row.contender} ({row.setting})" for row in measured]
    speeds = [row.steps_per_s for row in measured]
    spread = [[row.steps_per_s - row.low for row in measured], [row.high - row.steps_per_s for row in measured]]
    panel.barh(names, speeds, color=[_colour(row.contender) for row in measured], height=0.72)
    panel.errorbar(speeds, names, xerr=spread, fmt="none", ecolor="#555555", elinewidth=0.8, capsize=2)
    for place, row in enumerate(measured):
        panel.annotate(
            f"{row.steps_per_s:,.0f}", (row.high, place), (5, 0), textcoords="offset points", va="center", fontsize=8
        )
    panel.set_title(title, loc="left", fontsize=10, fontweight="bold")
    panel.set_xlim(0, 1.15 * max(row.high for row in measured))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.tick_params(labelsize=8)
    panel.spines[["top", "right"]].set_visible(False)


def _colour(contender: str) -> str:
    return next(colour for start, colour in COLOURS.items() if contender.startswith(start))
