"""Scorecards: what the episodes of one evaluation add up to.

A :class:`Scorecard` is a pure function of episode records, so cards of disjoint episode sets merge into exactly the card
of their union. The interval is a percentile bootstrap of the mean over episodes (Efron & Tibshirani 1993) with a fixed
seed; IQM is the mean of the middle half of the episodes (Agarwal et al. 2021).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from rich.table import Table

from fastheur import score_view
from fastheur.errors import PolicyError
from fastheur.model_steps import planned, summed
from fastheur.rollout import Episode
from fastheur.tasks import human_normalised

BOOTSTRAP_SAMPLES = 10_000
BOOTSTRAP_SEED = 20_260_501
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Setting:
    """What was evaluated, on what: two Scorecards with equal settings are about the same thing.

    Attributes:
        env_id, obs_mode, protocol, split: as in the design's words. protocol_args: EnvPool arguments in force.
        deterministic: every seed gives the same episode. warm: episodes were played in used slots (screening only).
        policy, policy_sha256, params: the policy version. isolation: where it ran. debug: ran as plain Python.
        batch_policy: batch style (bit-identity over batch sizes rests on the policy, not on the harness).
        stop_below: episodes that could no longer reach this return were cut (screening only).
        stop_stalled: episodes without a reward for so many env steps were cut (screening only).
    """

    env_id: str
    obs_mode: str
    protocol: str
    split: str
    protocol_args: Mapping[str, Any]
    deterministic: bool
    policy: str
    policy_sha256: str
    params: Mapping[str, float]
    warm: bool = False
    isolation: str = "none"
    debug: bool = False
    batch_policy: bool = False
    sealed_commitment: str | None = None
    stop_below: float | None = None
    stop_stalled: int | None = None

    @property
    def cuts(self) -> tuple[str, str] | None:
        """Name of the setting under which episodes may be cut, and what such an episode did; None without one."""
        if self.stop_below is not None:
            return "stop_below", f"could not reach {self.stop_below:g}"
        if self.stop_stalled is not None:
            return "stop_stalled", f"had no reward for {self.stop_stalled:,} env steps"
        return None


@dataclass(frozen=True)
class Cost:
    """What an evaluation took, and how it used the machine.

    Attributes:
        env_steps: unfinished episodes and the scan of an automatic schedule included.
        wall_s, setup_s: seconds of stepping, and of everything before and beside it.
        slots, threads, engine, schedule: what played, and where the schedule came from, in words.
        scan_steps: env steps of the scan, which the rate of the stepping leaves out.
        model_steps: that the policy took to plan, unfinished episodes included; None for one that does not plan.
    """

    env_steps: int
    wall_s: float
    setup_s: float
    slots: int
    threads: int
    engine: str = "envpool"
    schedule: str = ""
    scan_steps: int = 0
    model_steps: int | None = None


@dataclass(frozen=True)
class Scorecard:
    """The result of one evaluation. ``episodes`` are ordered by index."""

    setting: Setting
    episodes: tuple[Episode, ...]
    cost: Cost
    complete: bool = True
    sealed_secret: str | None = None
    trial: int | None = field(default=None, compare=False)

    @cached_property
    def returns(self) -> np.ndarray:
        """float64 (episodes,): undiscounted returns in index order."""
        return np.array([episode.ret for episode in self.episodes])

    @property
    def mean(self) -> float | None:
        """Mean return, or None where the evaluation is incomplete: a part of the episodes is a biased sample.

        None also where an episode was cut as hopeless or stalled: its return is not final.
        """
        return float(self.returns.mean()) if self.complete and self.episodes and not self.cut else None

    @property
    def cut(self) -> int:
        """How many episodes were cut (``stop_below``, ``stop_stalled``)."""
        return sum(episode.cut for episode in self.episodes)

    @property
    def steps_saved(self) -> int:
        """Env steps not played because episodes were cut: at most, as an episode may end before the cap."""
        return sum(episode.unplayed for episode in self.episodes)

    @property
    def whole_population(self) -> bool:
        """True where one episode is everything there is: deterministic protocol, policy without randomness."""
        alike = len({episode.action_hash for episode in self.episodes}) <= 1
        return self.setting.deterministic and alike and not any(episode.random for episode in self.episodes)

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """95 % bootstrap interval of the mean, None for a whole population or fewer than two episodes."""
        if self.whole_population or len(self.episodes) < 2 or self.mean is None:
            return None
        return bootstrap_interval(self.returns)

    @property
    def standard_error(self) -> float | None:
        """Standard error of the mean, where there is an interval."""
        if self.interval is None:
            return None
        return float(self.returns.std(ddof=1) / np.sqrt(len(self.returns)))

    @property
    def hns(self) -> float | None:
        """Human-normalised mean return (Atari-57 only)."""
        return None if self.mean is None else human_normalised(self.setting.env_id, self.mean)

    @property
    def steps_per_s(self) -> float:
        """Env steps per second of stepping; reset transitions and set-up are not in it."""
        return (self.cost.env_steps - self.cost.scan_steps) / self.cost.wall_s if self.cost.wall_s > 0 else 0.0

    def merge(self, other: "Scorecard") -> "Scorecard":
        """Return the card of both episode sets.

        Raises:
            ValueError: the settings differ, an episode index is in both, slots were warm, or episodes could be cut.
        """
        if self.setting != other.setting:
            mine, theirs = asdict(self.setting), asdict(other.setting)
            different = ", ".join(key for key in mine if mine[key] != theirs[key])
            raise ValueError(f"Scorecards of different settings cannot be merged; they differ in {different}.")
        if self.setting.warm:
            raise ValueError("Scorecards from warm slots are for screening and cannot be merged.")
        if self.setting.cuts:
            raise ValueError(f"Scorecards with {self.setting.cuts[0]} are for screening and cannot be merged.")
        both = {episode.index for episode in self.episodes} & {episode.index for episode in other.episodes}
        if both:
            raise ValueError(f"Episodes {sorted(both)[:5]} are in both Scorecards.")
        cost, more = self.cost, other.cost
        return Scorecard(
            self.setting,
            tuple(sorted((*self.episodes, *other.episodes), key=lambda episode: episode.index)),
            Cost(
                cost.env_steps + more.env_steps,
                cost.wall_s + more.wall_s,
                cost.setup_s + more.setup_s,
                max(cost.slots, more.slots),
                max(cost.threads, more.threads),
                cost.engine if cost.engine == more.engine else f"{cost.engine}, {more.engine}",
                cost.schedule if cost.schedule == more.schedule else "",
                cost.scan_steps + more.scan_steps,
                summed((cost.model_steps, more.model_steps)),
            ),
            self.complete and other.complete,
            self.sealed_secret,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values; unknown is None, never 0."""
        low, high = self.interval or (None, None)
        complete = self.mean is not None
        setting = asdict(self.setting)
        return {
            **setting,
            "complete": self.complete,
            "trial": self.trial,
            "episodes": len(self.episodes),
            "score_mean": self.mean,
            "score_median": float(np.median(self.returns)) if complete else None,
            "score_iqm": iqm(self.returns) if complete else None,
            "score_min": float(self.returns.min()) if complete else None,
            "score_max": float(self.returns.max()) if complete else None,
            "score_se": self.standard_error,
            "ci_low": low,
            "ci_high": high,
            "ci_level": CONFIDENCE,
            "whole_population": self.whole_population,
            "hns_mean": self.hns,
            "indices": [episode.index for episode in self.episodes],
            "returns": [episode.ret for episode in self.episodes],
            "lengths": [episode.length for episode in self.episodes],
            "terminated": [episode.terminated for episode in self.episodes],
            "cut": [episode.cut for episode in self.episodes],
            "steps_saved_at_most": self.steps_saved,
            "action_hashes": [episode.action_hash for episode in self.episodes],
            "env_steps": self.cost.env_steps,
            "model_steps": self.cost.model_steps,
            "wall_s": self.cost.wall_s,
            "setup_s": self.cost.setup_s,
            "steps_per_s": self.steps_per_s,
            "slots": self.cost.slots,
            "threads": self.cost.threads,
            "sealed_secret": self.sealed_secret,
        }

    def __str__(self) -> str:
        if self.complete and self.cut:
            return f"{self.setting.env_id} {self.setting.obs_mode} {self.setting.protocol}: {self.spread}"
        if self.mean is None:
            return f"{self.setting.env_id} {self.setting.obs_mode}: incomplete, {len(self.episodes)} episodes finished"
        hns = "" if self.hns is None else f", HNS {self.hns:.3f}"
        return (
            f"{self.setting.env_id} {self.setting.obs_mode} {self.setting.protocol}/{self.setting.split}: "
            f"{self.mean:.2f} ({self.spread}){hns}, {self.cost.env_steps:,} env steps at {self.steps_per_s:,.0f}/s{self._planned}"
        )

    @property
    def _planned(self) -> str:
        said = planned(self.cost.model_steps)
        return f", {said}" if said else ""

    def __repr__(self) -> str:
        return f"<Scorecard {self}>"

    def __rich__(self) -> Table:
        return score_view.table([self.to_dict()])

    def _repr_html_(self) -> str:
        return score_view.as_html(self.to_dict(), self.spread)

    @property
    def spread(self) -> str:
        """The uncertainty in words."""
        if self.setting.cuts and self.cut:
            return (
                f"no score: {self.cut} of {len(self.episodes)} episodes {self.setting.cuts[1]} and were cut, at most "
                f"{self.steps_saved:,} env steps saved"
            )
        if self.whole_population:
            return "deterministic: one episode is the whole population"
        if self.interval is None:
            return "one episode, no interval"
        return f"95 % interval {self.interval[0]:.2f} .. {self.interval[1]:.2f} of {len(self.episodes)} episodes"


def with_score(episode: Episode) -> Episode:
    """Return ``episode`` after checking that it has a score.

    Raises:
        PolicyError: its return is no number; where a simulator breaks down there is none.
    """
    if not math.isfinite(episode.ret):
        raise PolicyError(f"Episode {episode.index} returned {episode.ret}, expected a finite number: it has no score.")
    return episode


def iqm(values: Sequence[float] | np.ndarray) -> float:
    """Return the interquartile mean: the mean of the middle half, the quarter at either end cut off (rounded down)."""
    ordered = np.sort(np.asarray(values, np.float64))
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean())


def bootstrap_interval(values: np.ndarray) -> tuple[float, float]:
    """Return the seeded percentile-bootstrap interval of the mean at :data:`CONFIDENCE`.

    The values are sorted first, so the interval does not depend on the order of the episodes.
    """
    ordered = np.sort(values)
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    means = np.empty(BOOTSTRAP_SAMPLES)
    block = max(1, 4_000_000 // len(ordered))  # bounds the memory at about 32 MB
    for start in range(0, BOOTSTRAP_SAMPLES, block):
        count = min(block, BOOTSTRAP_SAMPLES - start)
        means[start : start + count] = ordered[rng.integers(0, len(ordered), (count, len(ordered)))].mean(axis=1)
    tail = (1 - CONFIDENCE) / 2
    return float(np.quantile(means, tail)), float(np.quantile(means, 1 - tail))
