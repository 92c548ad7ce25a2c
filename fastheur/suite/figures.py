"""What shipped systems come to together: medians against frames, on the reference's terms and on ours, never mixed.

A game without a system, or without a score yet at some frame, counts as random play: HNS 0. So a campaign that is not finished has
a figure too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fastheur.batch import Array
from fastheur.score import BOOTSTRAP_SEED, CONFIDENCE, iqm
from fastheur.suite.definition import Suite
from fastheur.suite.record import RunRecord
from fastheur.tasks import human_normalised

SAMPLES = 2_000
"""Bootstrap replicates: of each, the games are drawn again, and the episodes of every game drawn."""


@dataclass(frozen=True)
class Figure:
    """HNS over the games of a suite after so many frames.

    Attributes:
        episodes: HNS of each game's episodes, None where a game has no score.
    """

    env_steps: int
    episodes: tuple[Array | None, ...]

    @cached_property
    def known(self) -> list[Array]:
        """HNS of each game's episodes; a game without a score has that of random play."""
        return [np.zeros(1) if one is None else one for one in self.episodes]

    @cached_property
    def means(self) -> Array:
        """Mean HNS per game."""
        return np.array([one.mean() for one in self.known])

    @property
    def median(self) -> float:
        """Median over all games of the mean over episodes."""
        return float(np.median(self.means))

    @property
    def iqm(self) -> float:
        """Interquartile mean over all games."""
        return iqm(self.means)

    @property
    def mean(self) -> float:
        """Mean over all games."""
        return float(self.means.mean())

    @property
    def human(self) -> int:
        """Games at or above human."""
        return int((self.means >= 1).sum())

    @property
    def low(self) -> int:
        """Games below 0.05."""
        return int((self.means < 0.05).sum())

    @property
    def scored(self) -> int:
        """Games that had a score."""
        return sum(one is not None for one in self.episodes)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the median, see :func:`interval`."""
        return interval(self.known, np.median)


@dataclass(frozen=True)
class Game:
    """One game: its task, and the record of its run; None where no system is shipped."""

    env_id: str
    task: str
    record: RunRecord | None

    def reference_hns(self, env_steps: int) -> float | None:
        """HNS of the best score so far under the reference's protocol, None before there was one."""
        best = self.record and self.record.best_at(env_steps)
        return human_normalised(self.env_id, best.score) if best else None

    def sealed_hns(self, env_steps: int) -> Array | None:
        """HNS of each sealed episode of a checkpoint's champion (episodes,), None where there was none."""
        read = self.record and self.record.read_at(env_steps)
        if not read or not read.returns:
            return None
        return np.array([human_normalised(self.env_id, score) for score in read.returns])


@dataclass(frozen=True)
class Standing:
    """All games of a suite."""

    suite: Suite
    games: tuple[Game, ...]

    @property
    def shipped(self) -> list[Game]:
        """The games with a system."""
        return [game for game in self.games if game.record]

    @cached_property
    def reference(self) -> list[Figure]:
        """Best score so far, wherever it rose in some game, and at every checkpoint."""
        frames = {one.env_steps for game in self.shipped if game.record for one in game.record.best}
        at = sorted({*(frame for frame in frames if frame <= self.suite.budget), *self.suite.checkpoints})
        return [self.reference_at(frame) for frame in at]

    @cached_property
    def sealed(self) -> list[Figure]:
        """The sealed reads, per checkpoint."""
        return [self.sealed_at(frame) for frame in self.suite.checkpoints]

    def reference_at(self, env_steps: int) -> Figure:
        """Return the figure of the best scores so far after ``env_steps``."""
        found = [game.reference_hns(env_steps) for game in self.games]
        return Figure(env_steps, tuple(None if one is None else np.array([one]) for one in found))

    def sealed_at(self, env_steps: int) -> Figure:
        """Return the figure of the sealed reads of a checkpoint."""
        return Figure(env_steps, tuple(game.sealed_hns(env_steps) for game in self.games))


def interval(episodes: Sequence[Array], figure: Callable[..., Array]) -> tuple[float, float]:
    """Return the seeded bootstrap interval of ``figure`` over the games' means: games are drawn, and episodes within each.

    Args:
        episodes: HNS of each game's episodes. figure: of an array (replicates, games) along its last axis, as ``numpy.median``.
    """
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    drawn = np.empty((SAMPLES, len(episodes)))
    for game, values in enumerate(episodes):  # a column of replicated means per game
        drawn[:, game] = values[rng.integers(0, len(values), (SAMPLES, len(values)))].mean(1)
    chosen = rng.integers(0, len(episodes), drawn.shape)
    values = figure(np.take_along_axis(drawn, chosen, 1), axis=1)
    tail = (1 - CONFIDENCE) / 2
    return float(np.quantile(values, tail)), float(np.quantile(values, 1 - tail))
