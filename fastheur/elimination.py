"""Successive elimination by paired sign-flip tests: who is worse than the leader, at a bounded error. Plays nothing.

The test (Fisher 1935): if a candidate is no worse than the leader, the signs of their per-episode differences might as well
have come out the other way round. The p-value is the share of sign patterns under which the candidate looks at least as
bad. Up to ``bits`` episodes all patterns are tried. Beyond that the patterns are a seeded random *subgroup* of 2**bits of
them, which keeps the test exact for every seed (Hemerik & Goeman 2018, Exact testing with random permutations), where
patterns drawn one by one would be exact on average only. All sums of a subgroup come from one fast Walsh-Hadamard transform.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Returns = npt.NDArray[np.float64]

FIRST_STAGE = 8
"""Episodes of the first stage; every further one doubles what was played."""

FLIP_SEED = 20_260_601
MIN_BITS, MAX_BITS = 14, 20
"""Sign patterns of a test: 2**14 resolve 0.0001, and 2**20 are 8 MB."""


@dataclass(frozen=True)
class Schedule:
    """When a race looks, and how strictly.

    Attributes:
        ends: episodes played after each stage. looks: after which of them candidates are tested; the earlier ones have too
            few sign patterns to ever be significant, and a look that cannot decide takes no share of the error.
        level: p-value at which a candidate is eliminated.
    """

    ends: tuple[int, ...]
    looks: tuple[int, ...]
    level: float


def schedule(episodes: int, candidates: int, error: float, first: int = FIRST_STAGE) -> Schedule:
    """Return the stages ``first``, twice that, ... ``episodes``, and the level ``error / (looks * (candidates - 1))``."""
    doubling = itertools.takewhile(lambda end: end < episodes, (first << turn for turn in itertools.count()))
    ends = (*doubling, episodes)
    for start in range(len(ends)):
        level = error / ((len(ends) - start) * (candidates - 1))
        if 2.0 ** -ends[start] <= level:
            return Schedule(ends, ends[start:], level)
    return Schedule(ends, (), 0.0)


def eliminate(
    draw: Callable[[list[int], int], Returns], candidates: int, when: Schedule, keep: int = 1
) -> dict[int, int]:
    """Race ``candidates`` and return, for each one eliminated, after how many episodes.

    After each look every candidate that is significantly worse than the leader of that look (the highest mean; of equal
    ones the first) is out, the worst first, until ``keep`` are left. It ends there, or at the last stage.

    Args:
        draw: returns of the candidates listed, in the episodes ``0 .. end - 1``: float64 (listed, end). It is called with
            the survivors and the end of a stage.

    The error. Let a candidate be such that its paired differences to each rival are independent between episodes, and
    distributed symmetrically around a mean >= 0: the truly best one, say. Then it is ever eliminated with a probability
    of at most ``error``: it can only fall to one of the ``candidates - 1`` rivals at one of the looks, each test errs
    with at most ``level``, and these add up (Bonferroni), whatever depends on what. Two candidates with the same distribution
    of returns, exchangeable within an episode, always have symmetric differences. Outside the promise are differences
    that are zero in the mean but skewed (a rival that is a little better nearly always and rarely a disaster: few
    episodes do not show the disaster), and how good a candidate is that was kept.
    """
    alive, out = list(range(candidates)), dict[int, int]()
    for end in when.ends:
        returns = draw(alive, end)
        if end in when.looks:
            losers = [alive[row] for row in worse_than_the_leader(returns, when.level, keep)]
            out |= dict.fromkeys(losers, end)
            alive = [candidate for candidate in alive if candidate not in out]
        if len(alive) <= keep:
            break
    return out


def worse_than_the_leader(returns: Returns, level: float, keep: int = 1) -> list[int]:
    """Return the rows of ``returns`` (candidates, episodes) to eliminate, the worst first; at least ``keep`` rows stay."""
    means = returns.mean(axis=1)
    differences = returns - returns[means.argmax()]
    bits = bits_for(level)
    worse = [row for row in range(len(returns)) if sign_flip_p(differences[row], bits) <= level]
    return sorted(worse, key=lambda row: (means[row], -row))[: len(returns) - keep]


def bits_for(level: float) -> int:
    """Return the ``bits`` of :func:`sign_flip_p` that resolve p-values well below ``level``."""
    return min(MAX_BITS, max(MIN_BITS, math.ceil(math.log2(8 / level))))


def sign_flip_p(differences: Returns, bits: int = MIN_BITS) -> float:
    """Return the one-sided p-value of "the mean difference is below zero".

    Args:
        differences: float64 (episodes,), candidate minus leader in the same episodes.
        bits: 2**bits sign patterns at most.

    Returns:
        The share of the patterns whose sum is at most the observed one, which is one of them. 1 where all is zero. It
        grows with every difference, so a candidate that is better than symmetric errs less. Differences that are
        obviously no evidence (sum above minus one standard error) are not tested: they get 1, which eliminates nobody.
    """
    observed, scale = float(differences.sum()), float(np.abs(differences).sum())
    if scale == 0 or observed > -float(np.sqrt(np.square(differences).sum())):
        return 1.0
    sums = _walsh_hadamard(np.asarray(np.bincount(_patterns(len(differences), bits), differences), np.float64))
    return float(np.mean(sums <= observed + 1e-9 * scale))  # rounding must not hide a pattern that ties with ours


def _patterns(episodes: int, bits: int) -> npt.NDArray[np.int64]:
    """Return a code per episode: pattern ``u`` flips the episodes whose code shares an odd number of bits with ``u``."""
    if episodes <= bits:
        return 1 << np.arange(episodes)
    return np.random.default_rng(FLIP_SEED).integers(1, 1 << bits, episodes)


def _walsh_hadamard(values: Returns) -> Returns:
    """Return the transform of ``values``, padded with zeros to a power of two."""
    bits = (len(values) - 1).bit_length()
    sums, spare = np.zeros(1 << bits), np.empty(1 << bits)
    sums[: len(values)] = values
    for _ in range(bits):  # halves in, pairs out: every round is the same two passes over memory, whatever its bit
        low, high = sums.reshape(2, -1)
        pairs = spare.reshape(-1, 2)
        np.add(low, high, out=pairs[:, 0])
        np.subtract(low, high, out=pairs[:, 1])
        sums, spare = spare, sums
    return sums
