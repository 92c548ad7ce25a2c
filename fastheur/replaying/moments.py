"""Finds the moments of an episode that are worth a look: shortly before each loss, the end of each stall, each jump in score."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from fastheur.batch import Array
from fastheur.recorder import MOST_LOSSES

Kind = Literal["start", "death", "stall", "jump", "end", "asked"]

MOST_OF_A_KIND = 12
"""Moments of one kind to choose from."""

MOST_WINDOWS = 4
"""Of the steepest climbs of the return, and of the slowest."""

STALL = 20
"""A stretch without reward counts as a stall where it is at least this part of the episode."""

WINDOW = 20
"""Where rewards are dense, climbs of the return are measured over this part of the episode."""

FAR_ABOVE = 2.0
"""A reward of more than so many medians is a jump."""

APART = 400
"""Moments nearer to each other than this part of the episode show the same; the more important one stays."""

_SAME = 1e-6
"""Climbs that differ by less than this part of the largest are the same."""

BEFORE_S = 2 / 3
"""Seconds from what is shown to a loss: games tell of it late, Breakout half a second after the ball has gone."""


class StepRow(NamedTuple):
    """One observation of an episode.

    Attributes:
        step: env steps taken when it was seen, one more in each row. reward: of the step that led here; 0 at the start.
        score: return so far. lives: left, 0 where the task has none.
    """

    step: int
    reward: float
    score: float
    lives: int


@dataclass(frozen=True)
class Highlight:
    """A moment worth a look.

    Attributes:
        step: of the row to show. kind: what it is. text: a caption of a few words.
    """

    step: int
    kind: Kind
    text: str


def find_moments(
    rows: Sequence[StepRow], most: int = 12, ending: str = "end", frames_per_s: float = 60.0
) -> list[Highlight]:
    """Return at most ``most`` moments of an episode, in order of time, each of another step.

    The first and the last row are always among them, as far as ``most`` allows. The others are taken in turns: a loss, a jump,
    a stall, the gravest of each first.

    Args:
        rows: one per observation, in order. ending: how the episode ended, in words. frames_per_s: env steps per second.
    """
    if not rows or most < 1:
        return []
    episode = _Episode(rows, max(1, round(BEFORE_S * frames_per_s)))
    last = Highlight(rows[-1].step, "end", f"{ending}, score {_points(episode.score[-1])}")
    found = [last, Highlight(rows[0].step, "start", "start")][:most]
    apart = len(rows) // APART
    sources = [iter(list(kind)[:MOST_OF_A_KIND]) for kind in (episode.losses(), episode.jumps(), episode.stalls())]
    while sources and len(found) < most:
        for source in list(sources):
            fresh = (one for one in source if all(abs(one.step - other.step) > apart for other in found))
            highlight = next(fresh, None)
            if highlight is None:
                sources.remove(source)
            elif len(found) < most:
                found.append(highlight)
    if len({one.step for one in found}) < len(found):  # an episode of one row starts and ends at once
        found = [last]
    return sorted(found, key=lambda one: one.step)


class _Episode:
    """The rows as columns."""

    def __init__(self, rows: Sequence[StepRow], before: int) -> None:
        self._before = before
        self.step, self.reward, self.score, self.lives = np.nan_to_num(np.array(rows, np.float64)).T
        self.paid = np.flatnonzero(self.reward)
        self.dense = 2 * len(self.paid) > len(rows)

    def losses(self) -> Iterator[Highlight]:
        """Yield a row shortly before each loss, of a life or else a rare negative reward; of many, evenly chosen ones."""
        lost = np.flatnonzero(np.diff(self.lives, prepend=self.lives[0]) < 0)
        if len(lost):
            texts = [f"before losing a life, {int(self.lives[place])} left" for place in lost]
        else:
            lost = np.flatnonzero(self.reward < 0)
            if self.dense or len(lost) > MOST_LOSSES:
                return
            texts = [f"before {_signed(self.reward[place])}" for place in lost]
        few = min(len(lost), MOST_OF_A_KIND)
        for place in np.linspace(0, len(lost) - 1, few).round().astype(int):
            earliest = lost[place - 1] if place else 0
            shown = min(max(lost[place] - self._before, earliest), lost[place] - 1)
            yield self._at(shown, "death", texts[place])

    def stalls(self) -> Iterator[Highlight]:
        """Yield the ends of the long stretches without reward, the longest first; where rewards are dense, of the slowest."""
        if self.dense:
            for end, gain, width in self._windows(np.argmin):
                yield self._at(end, "stall", f"slowest, {_signed(gain)} within {_steps(width)}")
            return
        edges = np.concatenate([[0], self.paid, [len(self.step)]])
        gaps = np.diff(edges)
        for place in np.argsort(-gaps, kind="stable"):
            if gaps[place] * STALL >= len(self.step) and gaps[place] > 1:
                yield self._at(edges[place + 1] - 1, "stall", f"after {_steps(int(gaps[place]) - 1)} without reward")

    def jumps(self) -> Iterator[Highlight]:
        """Yield the rewards far above the usual ones, else the steepest climbs of the return, the largest first."""
        gains = self.reward[self.paid][self.reward[self.paid] > 0]
        if not len(gains):
            return
        usual = float(np.median(gains))
        places = np.flatnonzero(self.reward > FAR_ABOVE * usual)
        if len(places) and not self.dense:
            for place in places[np.argsort(-self.reward[places], kind="stable")]:
                yield self._at(place, "jump", f"{_signed(self.reward[place])}, score {_points(self.score[place])}")
            return
        for end, gain, width in self._windows(np.argmax):
            if gain > usual:
                text = f"{_signed(gain)} within {_steps(width)}, score {_points(self.score[end])}"
                yield self._at(end, "jump", text)

    def _windows(self, chosen: Callable[[Array], np.intp]) -> Iterator[tuple[int, float, int]]:
        """Yield (last row, gain of the return, width) of windows of which none overlaps another, in the order chosen.

        None where all gain the same: a reward for every step says nothing about the steps.
        """
        width = max(1, len(self.step) // WINDOW)
        total = np.cumsum(self.reward)  # the first row has none: nothing led there
        gains = total[width:] - total[:-width]
        if len(gains) < 2 or np.ptp(gains) <= _SAME * np.abs(gains).max():
            return
        free = np.arange(len(gains))
        for _ in range(MOST_WINDOWS):
            if not len(free):
                return
            best = int(free[chosen(gains[free])])
            yield best + width, float(gains[best]), width
            free = free[abs(free - best) >= width]

    def _at(self, place: int | Array, kind: Kind, text: str) -> Highlight:
        return Highlight(int(self.step[max(0, int(place))]), kind, text)


def _steps(count: int) -> str:
    return f"{count:,} step{'' if count == 1 else 's'}"


def _points(score: float) -> str:
    return f"{score:,.0f}" if abs(score) >= 1000 or score == round(score) else f"{score:.3g}"


def _signed(reward: float) -> str:
    return f"{reward:+,.4g}"
