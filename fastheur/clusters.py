"""Finds what a set of moments has in common: intervals of few quantities that hold more of them than chance would.

The moments are compared with samples of ordinary steps. An interval is telling when it covers little of a quantity's range,
holds few of the samples, and still holds many of the moments; how telling is the relative entropy between the two shares.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

WIDEST = 0.3
"""An interval that covers more of the range, or holds more of the samples, than this part says nothing."""

MOST_MOMENTS = 120
"""More moments than this are thinned evenly first: the search is quadratic in them."""


@dataclass(frozen=True)
class Interval:
    """``name`` lies in ``low .. high``; usually it lies in ``least .. greatest``."""

    name: str
    low: float
    high: float
    least: float
    greatest: float

    def __str__(self) -> str:
        if self.low == self.high:
            return f"{self.name} = {self.low:.4g}"
        if self.low <= self.least:
            return f"{self.name} <= {self.high:.4g}"
        if self.high >= self.greatest:
            return f"{self.name} >= {self.low:.4g}"
        return f"{self.name} {self.low:.4g}..{self.high:.4g}"


@dataclass(frozen=True)
class Cluster:
    """``members`` are the places of the moments that lie in all of ``intervals``, the most telling first."""

    members: tuple[int, ...]
    intervals: tuple[Interval, ...]


def find_clusters(
    moments: Sequence[Mapping[str, float]], samples: Sequence[Mapping[str, float]], most: int = 4
) -> tuple[tuple[Interval, ...], list[Cluster]]:
    """Return what (nearly) all moments share, and the groups among them, largest surprise first.

    Args:
        moments, samples: quantities by name; a name that any of them lacks is not used. most: groups at most.
    """
    if len(moments) < 2 or not samples:
        return (), []
    kept = np.unique(np.linspace(0, len(moments) - 1, min(len(moments), MOST_MOMENTS)).astype(int)).tolist()
    names = [name for name in moments[0] if all(name in one for one in (*moments, *samples))]
    values = np.array([[moments[place][name] for name in names] for place in kept])
    table = _Table(names, values, np.array([[sample[name] for name in names] for sample in samples]))
    everyone = np.arange(len(kept))
    shared = table.narrow(everyone)
    used = {interval.name for interval in shared}
    clusters: list[Cluster] = []
    left = everyone
    while len(clusters) < most:
        found = table.best(left, used)
        if found is None:
            break
        inside, first = found
        others = [interval for interval in table.narrow(inside) if interval.name not in used | {first.name}]
        clusters.append(Cluster(tuple(kept[place] for place in inside), (first, *others[:2])))
        left = np.setdiff1d(left, inside)
    return tuple(shared[:4]), clusters


class _Table:
    """Moments by quantity (M, Q), and the ordinary values to compare them with (S, Q)."""

    def __init__(self, names: Sequence[str], values: Array, usual: Array) -> None:
        self._names, self._values, self._usual = names, values, np.sort(usual, axis=0)
        self._least = np.minimum(usual.min(axis=0), values.min(axis=0))
        self._greatest = np.maximum(usual.max(axis=0), values.max(axis=0))
        width = self._greatest - self._least
        # whole numbers have a width of their own: one of two values is half the range, not nothing
        whole = (values == np.round(values)).all(axis=0) & (usual == np.round(usual)).all(axis=0)
        self._grain = np.where(whole, 1.0, width / 100)
        self._width = width + self._grain
        self._varies = width > 0

    def _share(self, column: int, low: Array, high: Array) -> Array:
        """Return the larger of the parts of the range and of the samples within ``low .. high``."""
        usual = self._usual[:, column]
        held = np.searchsorted(usual, high, "right") - np.searchsorted(usual, low, "left")
        return np.maximum((high - low + self._grain[column]) / self._width[column], (held + 0.5) / (len(usual) + 1))

    def _interval(self, column: int, low: float, high: float) -> Interval:
        return Interval(
            self._names[column], float(low), float(high), float(self._least[column]), float(self._greatest[column])
        )

    def narrow(self, rows: Array) -> list[Interval]:
        """Return the quantities that are narrow in all of ``rows``, narrowest first."""
        low, high = self._values[rows].min(axis=0), self._values[rows].max(axis=0)
        share = np.array([self._share(at, low[at], high[at]) if on else np.inf for at, on in enumerate(self._varies)])
        order = np.argsort(share, kind="stable")
        return [self._interval(at, low[at], high[at]) for at in order.tolist() if share[at] <= WIDEST]

    def best(self, rows: Array, used: set[str]) -> tuple[Array, Interval] | None:
        """Return the rows in the most telling interval, and the interval; None where none is beyond chance."""
        count, least = len(rows), max(2, -(-len(self._values) // 5))
        # so many intervals were looked at that the best of them has to be this surprising to count
        top, found = math.log(len(self._names) * count * count + 1) + 1.0, None
        for column in np.flatnonzero(self._varies).tolist():
            if self._names[column] in used:
                continue
            order = np.argsort(self._values[rows, column], kind="stable")
            sorted_ = self._values[rows, column][order]
            first, last = np.triu_indices(count, least - 1)
            share = self._share(column, sorted_[first], sorted_[last])
            surprise = np.where(share <= WIDEST, _surprise(count, last - first + 1, share), 0.0)
            if surprise.size and surprise.max() > top:
                at = int(surprise.argmax())
                top = float(surprise[at])
                found = (column, sorted_[first[at]], sorted_[last[at]])
        if found is None:
            return None
        column, low, high = found
        inside = (self._values[rows, column] >= low) & (self._values[rows, column] <= high)
        return rows[inside], self._interval(column, low, high)


def _surprise(count: int, held: Array, share: Array) -> Array:
    """``count`` times the relative entropy of the part held against the part of the range covered, in nats."""
    part = held / count
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = np.where(part < 1, (1 - part) * np.log((1 - part) / (1 - share)), 0.0)
        return np.where(part > share, count * (part * np.log(part / share) + rest), 0.0)
