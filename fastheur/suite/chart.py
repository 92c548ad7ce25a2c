"""The suite's figure against frames as SVG: our two curves, and the published ones, as far as they are of the same kind."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from markupsafe import Markup, escape

from fastheur.report.scales import Scale, short, ticks
from fastheur.resources import DATA
from fastheur.suite.figures import Figure, Standing

WIDTH, HEIGHT, LEFT, FLOOR, TOP = 1000, 420, 56, 366, 14


@dataclass(frozen=True)
class Series:
    """Published medians against frames: ``points`` are (frames, median HNS)."""

    name: str
    label: str
    points: tuple[tuple[float, float], ...]

    def until(self, frames: float) -> "Series":
        """Return what was published up to so many frames."""
        return Series(self.name, self.label, tuple(point for point in self.points if point[0] <= frames))

    def drawn(self, frames: float) -> list[tuple[float, float]]:
        """Return the points up to so many frames, the last on the line to the next one that was published."""
        inside = list(self.until(frames).points)
        behind = next((point for point in self.points if point[0] > frames), None)
        if inside and behind and inside[-1][0] < frames:
            (a, u), (b, v) = inside[-1], behind
            inside.append((frames, u + (v - u) * (frames - a) / (b - a)))
        return inside


_LABELS = {
    "weng_native": "Weng 2026, pixels (best so far)",
    "weng_ram": "Weng 2026, RAM (best so far)",
    "ppo_cleanrl_envpool": "PPO (average)",
    "dreamerv3_sticky": "DreamerV3, sticky (average)",
    "bbf_sticky": "BBF, sticky (average)",
}


@cache
def published() -> tuple[Series, ...]:
    """Return the published curves; their sources are in ``data/SOURCES.md``."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in _LABELS}
    with (DATA / "median_hns_curves.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["series"] in found:
                found[row["series"]].append((float(row["frames"]), float(row["median_hns"])))
    return tuple(Series(name, _LABELS[name], tuple(sorted(points))) for name, points in found.items())


def chart(standing: Standing) -> Markup:
    """Return the chart of a standing: median HNS over all games against frames."""
    budget = float(standing.suite.budget)
    series = [one.until(budget) for one in published()]
    x = Scale(0.0, budget, LEFT, 730)
    tops = [point[1] for one in series for point in one.points]
    tops += [figure.interval[1] for figure in standing.sealed] + [figure.median for figure in standing.reference]
    lows = [point[1] for one in series for point in one.points] + [figure.median for figure in standing.reference]
    y = Scale(min(0.0, *lows), max(1.0, *tops) * 1.05, FLOOR, TOP)
    parts = [
        f'<svg class="chart wide suite" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        'aria-label="Median human-normalised score against frames">',
        *_frame(x, y),
        *_published(x, y),
        *_ours(standing.reference, x, y),
        *_sealed(standing.sealed, x, y),
        *_names(standing, series, y),
    ]
    return Markup("".join([*parts, "</svg>"]))


def _frame(x: Scale, y: Scale) -> list[str]:
    parts = []
    for tick in ticks(y.low, y.high, 6):
        at = f"{y(tick):.1f}"
        parts.append(f'<path class="grid" d="M{LEFT} {at}H{x.end:.0f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{at}" dy=".32em" text-anchor="end">{short(tick)}</text>')
    for tick in ticks(x.low, x.high, 5):
        parts.append(f'<path class="axis" d="M{x(tick):.1f} {FLOOR}v5"/>')
        parts.append(f'<text class="tick" x="{x(tick):.1f}" y="{FLOOR + 20}" text-anchor="middle">{short(tick)}</text>')
    parts.append(f'<path class="axis" d="M{LEFT} {FLOOR}H{x.end:.1f}"/>')
    parts.append(f'<text class="name" x="{x.end:.1f}" y="{HEIGHT - 8}" text-anchor="end">frames per game</text>')
    parts.append(f'<text class="name" x="{LEFT}" y="{HEIGHT - 8}">median human-normalised score, all games</text>')
    return parts


def _published(x: Scale, y: Scale) -> list[str]:
    parts = []
    for one in published():
        points = one.drawn(x.high)
        path = "L".join(f"{x(at):.1f} {y(value):.1f}" for at, value in points)
        if points:
            parts.append(f'<path class="published s-{one.name}" d="M{path}"><title>{escape(one.label)}</title></path>')
        if len(one.until(x.high).points) == 1:
            at, value = points[0]
            parts.append(f'<circle class="published s-{one.name}" cx="{x(at):.1f}" cy="{y(value):.1f}" r="4"/>')
    return parts


def _ours(figures: Sequence[Figure], x: Scale, y: Scale) -> list[str]:
    if not figures:
        return []
    path = f"M{x(0):.1f} {y(0):.1f}" + "".join(f"H{x(one.env_steps):.1f}V{y(one.median):.1f}" for one in figures)
    return [f'<path class="line" d="{path}H{x.end:.1f}"><title>best score so far, reference terms</title></path>']


def _sealed(figures: Sequence[Figure], x: Scale, y: Scale) -> list[str]:
    parts = []
    for one in figures:
        at, (low, high) = x(one.env_steps), one.interval
        words = f"{one.env_steps:,} frames: median {one.median:.3f}, 95 % interval {low:.3f} to {high:.3f}"
        parts.append(
            f'<g class="confirmed c-sealed"><title>{escape(words)}</title>'
            f'<path d="M{at:.1f} {y(low):.1f}V{y(high):.1f}m-4 0h8M{at - 4:.1f} {y(low):.1f}h8"/>'
            f'<rect x="{at - 5:.1f}" y="{y(one.median) - 5:.1f}" width="10" height="10" rx="2"/></g>'
        )
    if figures:
        path = "L".join(f"{x(one.env_steps):.1f} {y(one.median):.1f}" for one in figures)
        parts.insert(0, f'<path class="published s-sealed" d="M{path}"/>')
    return parts


def _label(series: Series, budget: int) -> str:
    """Return a curve's name with the last value that was published for it, and where it was taken if well before the end."""
    at, value = series.points[-1]
    return f"{series.label} {value:.2f}{f' at {short(at)}' if at < 0.9 * budget else ''}"


def _names(standing: Standing, series: Sequence[Series], y: Scale) -> list[str]:
    """Return the curves' names at their right ends, moved apart where they would cover one another."""
    last, end = standing.sealed[-1], standing.reference[-1]
    ours = [(f"fastheur, best so far {end.median:.2f}", end.median, "s-ours")]
    ours += [(f"fastheur, sealed and sticky {last.median:.2f}", last.median, "s-sealed")]
    known = [(_label(one, standing.suite.budget), one.points[-1][1], f"s-{one.name}") for one in series if one.points]
    rows = sorted(((y(value), text, name) for text, value, name in (*ours, *known)), key=lambda row: row[0])
    parts, lowest = [], TOP - 16.0
    room = FLOOR - 16.0 * len(rows)
    for place, (height, text, name) in enumerate(rows):
        lowest = max(lowest + 16, min(height, room + 16 * place))
        parts.append(f'<text class="reference-name {name}" x="740" y="{lowest:.1f}" dy=".32em">{escape(text)}</text>')
    return parts
