"""The promotion gate: decides from paired validation episodes whether a candidate replaces the champion. Plays nothing.

Under a deterministic protocol one episode is everything. Otherwise episodes come in stages of 4, 4, 8, 16 ..., and after
each the gate promotes, rejects, or wants the next stage. A verdict is a function of the returns alone, so a run that was
killed comes to the same one.

The error. Let the paired differences (candidate minus champion) be independent between episodes and symmetric around a mean
of at most 0. Then the candidate is promoted as better with a probability of at most ``error``: each look errs with at most
``level``, and these add up (Bonferroni). Rejecting early can only lower that. Outside the promise are skewed differences:
an edit that is a little better nearly always and rarely a disaster; golden cases are there for those.

A simpler candidate need not be better, but nothing may be lost. It is promoted where it took the champion's own actions
in every episode up to the first look; or else after all episodes if its mean is not below the champion's, and a true loss of
more than :data:`MARGIN` standard deviations of the champion's returns is ruled out, at the same error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fastheur.elimination import Schedule, bits_for, schedule, sign_flip_p
from fastheur.errors import ConfigError, whole
from fastheur.score import bootstrap_interval

MARGIN = 0.2
"""Standard deviations of the champion's returns: a difference that Cohen (1988) calls small."""

HOPE = 0.9
"""A candidate is rejected early if even the upper limit of this one-sided confidence would not suffice in the end."""


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, and on what.

    Attributes:
        promoted: the candidate becomes champion. reason: why, in words, with the numbers.
        difference: mean of candidate minus champion. interval: 95 % bootstrap interval of it, None for one episode.
        p: p-value of the test that decided, None where none did. episodes: pairs played. error, looks: of the gate.
    """

    promoted: bool
    reason: str
    difference: float
    interval: tuple[float, float] | None
    p: float | None
    episodes: int
    error: float
    looks: int


@dataclass(frozen=True)
class Gate:
    """The rules of one run.

    Attributes:
        deterministic: one episode is the whole population, for the candidate and for the champion.
        most: episodes that a verdict may take. error: probability of promoting what is no better. first: first stage.

    Raises:
        ConfigError: a value out of range, or so few episodes that nothing could ever be promoted.
    """

    deterministic: bool
    most: int
    error: float = 0.05
    first: int = 4

    def __post_init__(self) -> None:
        whole("most", self.most)
        whole("first", self.first)
        if isinstance(self.error, bool) or not isinstance(self.error, (int, float)) or not 0 < self.error < 1:
            raise ConfigError(f"error is {self.error!r}, expected a probability between 0 and 1, for instance 0.05.")
        if not self.deterministic and not self.stages.looks:
            least = int(np.ceil(-np.log2(self.error)))
            raise ConfigError(
                f"The gate has {self.most} validation episodes, too few to ever be significant at error={self.error:g}. "
                f"Give it at least {least}; 64 tell moderate differences."
            )

    @cached_property
    def stages(self) -> Schedule:
        """Episodes played after each stage, those after which there is a test, and its level."""
        return Schedule((1,), (1,), 0.0) if self.deterministic else schedule(self.most, 2, self.error, self.first)

    def next_end(self, played: int = 0) -> int | None:
        """Return up to which number of episodes both are to be played next, or None when all are."""
        return next((end for end in self.stages.ends if end > played), None)

    def verdict(
        self, candidate: Sequence[float], champion: Sequence[float], simpler: bool, same_actions: bool = False
    ) -> Verdict | None:
        """Judge by the returns so far, or return None: play on to :meth:`next_end`.

        Args:
            candidate, champion: returns of the same validation episodes in the same order, up to the end of a stage.
            simpler: the candidate's code is simpler, see :mod:`fastheur.complexity`.
            same_actions: in every one of these episodes both took the same actions (equal action hashes).

        Raises:
            ValueError: the returns are not paired, or do not end with a stage.
        """
        played = len(candidate)
        if played != len(champion) or played not in self.stages.ends:
            raise ValueError(
                f"Found {played} returns of the candidate and {len(champion)} of the champion, expected as many of "
                f"each: one of {', '.join(map(str, self.stages.ends))}."
            )
        pairs = _Pairs(np.asarray(candidate, np.float64), np.asarray(champion, np.float64))
        if self.deterministic:
            return self._exact(pairs, simpler)
        margin = MARGIN * pairs.spread if simpler else 0.0
        level, p = self.stages.level, 1.0
        if played in self.stages.looks:
            p = pairs.p(0.0, level)
            if p <= level:
                return self._verdict(True, pairs, p, f"better: {self._test(p)}")
            if simpler and same_actions:
                text = f"simpler, and it took the same actions in all {played} episodes"
                return self._verdict(True, pairs, None, text)
        if played == self.most and simpler:
            return self._simpler(pairs, margin)
        if played == self.most:
            return self._verdict(False, pairs, p, f"not shown to be better: {self._test(p)}")
        if not (simpler and pairs.never_worse) and pairs.hopeless(margin, level, self.most):
            text = f"hopeless: even if the rest of {self.most} went as well as can be expected, it would not be enough"
            return self._verdict(False, pairs, None, text)
        return None

    def _exact(self, pairs: "_Pairs", simpler: bool) -> Verdict:
        if pairs.mean == 0:
            text = "an equal score by simpler code" if simpler else "an equal score, and the code is not simpler"
        else:
            text = "a higher score" if pairs.mean > 0 else "a lower score"
        promoted = pairs.mean > 0 or (pairs.mean == 0 and simpler)
        return self._verdict(promoted, pairs, None, f"{text}; deterministic, so one episode is the whole population")

    def _simpler(self, pairs: "_Pairs", margin: float) -> Verdict:
        """Judge a simpler candidate after all episodes: is anything lost?"""
        if pairs.mean < 0:
            return self._verdict(False, pairs, None, "simpler, but its mean is below the champion's")
        if pairs.never_worse:
            return self._verdict(True, pairs, None, "simpler, and worse in none of the episodes")
        p = pairs.p(margin, self.stages.level)
        what = f"a loss of more than {margin:.4g} ({MARGIN:g} standard deviations of the champion's returns)"
        promoted = p <= self.stages.level
        text = "simpler, and {} is ruled out: {}" if promoted else "simpler, but {} is not ruled out: {}"
        return self._verdict(promoted, pairs, p, text.format(what, self._test(p)))

    def _test(self, p: float) -> str:
        return f"p = {p:.2g}, where {self.stages.level:.2g} is asked for"

    def _verdict(self, promoted: bool, pairs: "_Pairs", p: float | None, text: str) -> Verdict:
        interval, episodes, looks = pairs.interval, len(pairs.differences), len(self.stages.looks)
        numbers = f"mean difference {pairs.mean:+.4g}"
        if interval is not None:
            numbers += f" (95 % interval {interval[0]:+.4g} .. {interval[1]:+.4g}) in {episodes} paired episodes"
        if not self.deterministic:
            numbers += f"; sequential paired sign-flip test, error {self.error:g} over {looks} looks"
        reason = f"{'Promoted' if promoted else 'Rejected'}: {text}. {numbers[0].upper()}{numbers[1:]}."
        return Verdict(promoted, reason, pairs.mean, interval, p, episodes, self.error, looks)


class _Pairs:
    """Paired returns and what follows from them."""

    def __init__(self, candidate: npt.NDArray[np.float64], champion: npt.NDArray[np.float64]) -> None:
        self.differences = candidate - champion
        self.mean = float(self.differences.mean())
        self.spread = float(champion.std(ddof=1)) if len(champion) > 1 else 0.0
        self.never_worse = bool((self.differences >= 0).all())

    @property
    def interval(self) -> tuple[float, float] | None:
        return bootstrap_interval(self.differences) if len(self.differences) > 1 else None

    def p(self, margin: float, level: float) -> float:
        """Return the p-value of "the mean difference is above ``-margin``"."""
        return sign_flip_p(-(self.differences + margin), bits_for(level))

    def hopeless(self, margin: float, level: float, most: int) -> bool:
        """Say whether not even a fortunate rest of ``most`` episodes would make :meth:`p` reach ``level``."""
        shifted, played = self.differences + margin, len(self.differences)
        deviation = float(shifted.std(ddof=1)) if played > 1 else np.inf
        if (
            not shifted.any()
        ):  # 3/n bounds the rate of what n episodes did not show (at 95 %); each such halves p at best
            return (most - played) * 3 / played < -np.log2(level)
        normal = NormalDist()
        fortunate = float(shifted.mean()) + normal.inv_cdf(HOPE) * deviation / played**0.5
        total = float(shifted.sum()) + (most - played) * fortunate
        return total < normal.inv_cdf(1 - level) * deviation * most**0.5
