"""Means, paired differences and their 95 % intervals: Student's t, since there are few episodes and many versions."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fastheur.score import bootstrap_interval

_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip
"""97.5 % quantiles of Student's t with 1, 2 ... 30 degrees of freedom."""

_NORMAL = 1.959964


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences and its 95 % interval, which one episode alone does not have."""

    mean: float
    low: float | None
    high: float | None
    episodes: int


@dataclass(frozen=True)
class Sample:
    """Returns of one policy under one protocol; ``interval`` is that of their mean (percentile bootstrap).

    Attributes:
        protocol: its label. rules: what the episodes were played under, equal for equal rules.
        exact: one episode is the whole population.
    """

    protocol: str
    rules: str
    returns: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None
    exact: bool = False

    @classmethod
    def of(cls, protocol: str, rules: str, returns: Sequence[float], exact: bool = False) -> "Sample | None":
        """Return the sample of ``returns``, None where there are none."""
        if not returns:
            return None
        values = np.asarray(returns, np.float64)
        interval = bootstrap_interval(values) if len(values) > 1 and not exact else None
        return cls(protocol, rules, tuple(map(float, returns)), float(values.mean()), interval, exact)


def t_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's t; between whole numbers that of the smaller one, which is wider.

    Above 30 degrees of freedom by the first terms of the Cornish-Fisher expansion (Abramowitz & Stegun 26.7.5).
    """
    if freedom <= len(_T):
        return _T[max(1, math.floor(freedom)) - 1]
    z = _NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def paired(mine: Mapping[int, float], other: Mapping[int, float]) -> Difference | None:
    """Return ``mine`` minus ``other`` over the episodes that both have, by index; None where there are none."""
    gains = [ret - other[index] for index, ret in mine.items() if index in other]
    count = len(gains)
    if not count:
        return None
    mean = math.fsum(gains) / count
    if count == 1:
        return Difference(mean, None, None, 1)
    spread = math.sqrt(math.fsum((gain - mean) ** 2 for gain in gains) / (count - 1))
    half = t_quantile(count - 1) * spread / math.sqrt(count)
    return Difference(mean, mean - half, mean + half, count)


def unpaired(mine: Sample, other: Sample) -> Difference:
    """Return the mean of ``mine`` minus that of ``other``, with Welch's interval where both have several episodes."""
    mean, sizes = mine.mean - other.mean, (len(mine.returns), len(other.returns))
    if min(sizes) < 2:
        return Difference(mean, None, None, min(sizes))
    parts = [float(np.var(one.returns, ddof=1)) / len(one.returns) for one in (mine, other)]
    total = sum(parts)
    if total == 0:
        return Difference(mean, mean, mean, min(sizes))
    freedom = total**2 / sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    half = t_quantile(freedom) * math.sqrt(total)
    return Difference(mean, mean - half, mean + half, min(sizes))
