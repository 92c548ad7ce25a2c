"""Score curves as SVG that needs no JavaScript: champion, every version, references, and what confirmed it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

from fastheur.report.addresses import page_of
from fastheur.report.comparing import Sample
from fastheur.report.glyphs import GLYPHS, crowd, dots, mark
from fastheur.report.records import Idea, Place, RunRecord
from fastheur.report.references import Line, lines_for
from fastheur.report.scales import Scale, money, seconds_as, short, ticks

MOST_LINKS = 200
"""Versions that are a link with a text each; of more, those that were never champion are drawn together."""

_STRIP = 46
_LEGIBLE = 12.0
_FAR = 0.6


@dataclass(frozen=True)
class Axis:
    """One choice for the x axis: ``name`` as in :data:`fastheur.report.records.AXES`, ``label`` for people."""

    name: str
    label: str
    unit: float
    written: Callable[[float], str]


@dataclass(frozen=True)
class Size:
    """A drawing's size and margins, in pixels."""

    name: str
    width: int
    height: int
    left: int
    right: int
    x_ticks: int


WIDE = Size("wide", 1000, 390, 56, 190, 8)
NARROW = Size("narrow", 380, 330, 46, 8, 4)


@dataclass(frozen=True)
class Curve:
    """The drawings of one axis."""

    axis: Axis
    wide: Markup
    narrow: Markup


def axes_of(record: RunRecord) -> list[Axis]:
    """Return the axes of which something is known, the first to be shown first."""
    time, unit, written = seconds_as(record.spent.wall_s)
    axes = [
        Axis("env_steps", record.unit, 1.0, short),
        Axis("episodes", "episodes", 1.0, short),
        Axis("wall_s", f"wall time ({time})", unit, written),
        Axis("tokens", "tokens", 1.0, short),
        Axis("money", "US dollars", 1.0, money),
    ]
    return [axis for axis in axes if getattr(record.spent, axis.name) is not None]


def curves(record: RunRecord) -> list[Curve]:
    """Return a curve for every axis of which something is known; none where nothing has a score yet."""
    if all(idea.score is None for idea in record.ideas):
        return []
    return [Curve(axis, *(_Drawing(record, axis, size).svg() for size in (WIDE, NARROW))) for axis in axes_of(record)]


def off_the_chart(record: RunRecord) -> list[Line]:
    """Return the references that are too far from the run's own scores to be drawn with them."""
    low, high = _domain(record)
    return [line for line in lines_for(record.config.task.env_id) if not low <= line.score <= high]


def below_the_chart(record: RunRecord) -> int:
    """Return how many versions scored so much less than the others that they are drawn on the lower edge."""
    low, _ = _domain(record)
    return sum(idea.score is not None and idea.score < low for idea in record.ideas)


def _domain(record: RunRecord) -> tuple[float, float]:
    """Return the scores from the lower edge to the upper one.

    A few very bad versions do not squeeze the others, and a reference is drawn where the run's own scores keep most of the room.
    """
    scores = [idea.score for idea in record.ideas if idea.score is not None]
    high, low = max(scores), min(scores)
    tenth = float(np.quantile(scores, 0.1))
    if high - low > 4 * (high - tenth) > 0:
        low = max(low, tenth - (high - tenth) / 2)
    high = max([high, *(score for score, _ in record.searched)])
    for sample in (record.validation, record.sealed):
        if sample is not None:
            low, high = (
                min(low, *(sample.interval or (sample.mean,))),
                max(high, *(sample.interval or (sample.mean,))),
            )
    span = (high - low) or abs(high) or 1.0
    for line in sorted(lines_for(record.config.task.env_id), key=lambda line: abs(line.score - (low + high) / 2)):
        if low - _FAR * span <= line.score <= high + _FAR * span:
            low, high = min(low, line.score), max(high, line.score)
    pad = 0.06 * ((high - low) or abs(high) or 1.0)
    return low - pad, high + pad


class _Drawing:
    """One curve at one size."""

    def __init__(self, record: RunRecord, axis: Axis, size: Size) -> None:
        self._record, self._axis, self._size = record, axis, size
        last = getattr(record.spent, axis.name) / axis.unit
        furthest = max((self._at(idea.place) for idea in record.ideas), default=0.0)
        low, high = _domain(record)
        self._lines = [line for line in lines_for(record.config.task.env_id) if low <= line.score <= high]
        self._edge = size.width - (size.right if self._lines else NARROW.right)
        right = self._edge - (_STRIP if record.validation or record.sealed else 0)
        self._x = Scale(0.0, max(last, furthest) or 1.0, size.left, right)
        self._y = Scale(low, high, size.height - 54, 14)
        self._floor = size.height - 46

    def _at(self, place: Place) -> float:
        return float(getattr(place, self._axis.name) or 0) / self._axis.unit

    def svg(self) -> Markup:
        size, x, y = self._size, self._x, self._y
        what = f"Score against {self._axis.label}"
        scale = f'data-axis="{self._axis.name}" data-unit="{self._axis.unit:g}" data-x="{x.low:g},{x.high:.10g},{x.start:g},{x.end:g}"'
        parts = [
            f'<svg class="chart {size.name}" viewBox="0 0 {size.width} {size.height}" role="group" tabindex="-1" '
            f'aria-label="{escape(what)}" {scale} data-y="{y.low:.10g},{y.high:.10g},{y.start:g},{y.end:g}" data-floor="{self._floor}">',
            *self._frame(), *self._references(), self._searched(), *self._points(), *self._confirmations(), "</svg>",
        ]  # fmt: skip
        return Markup("".join(parts))

    # ------------------------------------------------------------------ parts

    def _frame(self) -> list[str]:
        size, x, y = self._size, self._x, self._y
        parts = []
        for tick in ticks(y.low, y.high, 6):
            at = f"{y(tick):.1f}"
            parts.append(f'<path class="grid" d="M{size.left} {at}H{self._edge}"/>')
            parts.append(
                f'<text class="tick" x="{size.left - 8}" y="{at}" dy=".32em" text-anchor="end">{short(tick)}</text>'
            )
        for tick in ticks(x.low, x.high, size.x_ticks):
            at = f"{x(tick):.1f}"
            parts.append(f'<path class="axis" d="M{at} {self._floor + 8}v5"/>')
            parts.append(
                f'<text class="tick" x="{at}" y="{self._floor + 26}" text-anchor="middle">{self._axis.written(tick)}</text>'
            )
        parts.append(f'<path class="axis" d="M{size.left} {self._floor + 8}H{x.end:.1f}"/>')
        parts.append(
            f'<text class="name" x="{x.end:.1f}" y="{size.height - 4}" text-anchor="end">{escape(self._axis.label)}</text>'
        )
        parts.append(f'<text class="name" x="{size.left}" y="{size.height - 4}">score, mean of train episodes</text>')
        return parts

    def _references(self) -> list[str]:
        parts = []
        heights = spread([self._y(line.score) for line in self._lines])
        for line, height in zip(self._lines, heights, strict=True):
            at = f"{self._y(line.score):.1f}"
            parts.append(
                f'<path class="reference r-{line.kind}" d="M{self._size.left} {at}H{self._edge}"><title>'
                f"{escape(f'{line.label}: {line.score:,.6g} ({line.source})')}</title></path>"
            )
            text = escape(f"{line.label} {line.score:,.6g}")
            if self._size is WIDE:
                parts.append(
                    f'<text class="reference-name" x="{self._edge + 8}" y="{height:.1f}" dy=".32em">{text}</text>'
                )
            else:
                parts.append(
                    f'<text class="reference-name" x="{self._size.left + 4}" y="{height:.1f}" dy="-.35em">{text}</text>'
                )
        return parts

    def _line(self) -> list[str]:
        reigns = [idea for idea in self._record.reigns if idea.score is not None]
        if not reigns:
            return []
        path = f"M{self._x(self._at(reigns[0].place)):.1f} {self._height(reigns[0]):.1f}"
        path += "".join(f"H{self._x(self._at(one.place)):.1f}V{self._height(one):.1f}" for one in reigns[1:])
        return [f'<path class="line" d="{path}H{self._x.end:.1f}"/>']

    def _height(self, idea: Idea) -> float:
        """Return where a version stands: on the lower edge where it scored far less than the others, under it where it has no score."""
        return float(self._floor) if idea.score is None else self._y(max(idea.score, self._y.low))

    def _searched(self) -> str:
        """Return the rows of searches that have a score; those far below the others stand on the lower edge."""
        places = (
            (self._x(self._at(place)), self._y(max(score, self._y.low))) for score, place in self._record.searched
        )
        return dots(list(places))

    def _points(self) -> list[str]:
        ideas, parts = self._record.ideas, []
        linked = [idea for idea in ideas if len(ideas) <= MOST_LINKS and self._size is WIDE]
        if not linked and self._size is WIDE:
            linked = self._record.reigns[-MOST_LINKS:]
        alone = {idea.version for idea in linked}
        for verdict in reversed(GLYPHS):
            if verdict == "dethroned":  # the champions and their line lie above the others
                parts += self._line()
            places = [
                (self._x(self._at(idea.place)), self._height(idea))
                for idea in ideas
                if idea.verdict == verdict and idea.version not in alone
            ]
            if places:
                parts.append(crowd(verdict, places))
            parts += [self._link(idea) for idea in linked if idea.verdict == verdict]
        return parts

    def _link(self, idea: Idea) -> str:
        score = "no score" if idea.score is None else f"{idea.score:,.6g}"
        words = f"{idea.name}: {score}, {GLYPHS[idea.verdict].word}. {idea.hypothesis}"
        path = mark(idea.verdict, self._x(self._at(idea.place)), self._height(idea))
        label = escape(words if len(words) <= 240 else f"{words[:239]}…")
        return (
            f'<a href="{page_of(idea.version)}"><title>{label}</title><path class="g-{idea.verdict}" d="{path}"/></a>'
        )

    def _confirmations(self) -> list[str]:
        record, parts = self._record, []
        names = [("validation", record.validation), ("sealed", record.sealed)]
        known = [(name, sample) for name, sample in names if sample is not None]
        if known:
            edge = self._x.end + 5
            parts.append(f'<path class="strip" d="M{edge:.1f} 10V{self._floor + 8}"/>')
        for number, (name, sample) in enumerate(known):
            parts += self._confirmation(name, sample, self._x.end + 18 + 18 * number)
        return parts

    def _confirmation(self, name: str, sample: Sample, x: float) -> list[str]:
        low, high = sample.interval or (sample.mean, sample.mean)
        y = self._y(sample.mean)
        words = f"{name} ({sample.protocol}, {len(sample.returns)} episodes): {sample.mean:,.6g}"
        if sample.interval:
            words += f", 95 % interval {low:,.6g} to {high:,.6g}"
        path = f"M{x:.1f} {self._y(low):.1f}V{self._y(high):.1f}m-4 0h8M{x - 4:.1f} {self._y(low):.1f}h8"
        letter = name[0].upper()
        return [
            f'<g class="confirmed c-{name}"><title>{escape(words)}</title><path d="{path}"/>'
            f'<rect x="{x - 7:.1f}" y="{y - 7:.1f}" width="14" height="14" rx="3"/>'
            f'<text x="{x:.1f}" y="{y:.1f}" dy=".35em" text-anchor="middle">{letter}</text></g>'
        ]


def spread(heights: Sequence[float]) -> list[float]:
    """Move the heights of labels apart so that each can be read; their order stays."""
    order = sorted(range(len(heights)), key=lambda number: -heights[number])
    moved = list(heights)
    for above, number in zip(order[1:], order, strict=False):
        moved[above] = min(moved[above], moved[number] - _LEGIBLE)
    return moved
