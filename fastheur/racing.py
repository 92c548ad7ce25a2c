"""Races candidates on paired episodes and drops the clearly worse ones early: verdicts for screening, never scores.

All candidates play the same episodes in stages of 8, 8, 16, 32 ... After each stage those that a paired sign-flip test
finds worse than the leader are out, see :mod:`fastheur.elimination` for what the error means. Who wins a race has been
picked among many on these very episodes, so its mean here is flattered: its score is an evaluation on other episodes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fastheur.candidates import make_candidates
from fastheur.elimination import Returns, Schedule, eliminate, schedule
from fastheur.errors import ConfigError, Interrupted, whole
from fastheur.evaluation import Plan, Progress, plan, run
from fastheur.host import Candidate
from fastheur.ledger import STAGE_NOTE
from fastheur.loading import Policy
from fastheur.model_steps import summed
from fastheur.policy import Number
from fastheur.rollout import Episode
from fastheur.score import Scorecard, bootstrap_interval
from fastheur.tasks import Environment


@dataclass(frozen=True)
class Standing:
    """One candidate at the end of a race.

    Attributes:
        candidate: its place in ``params``. values: all its parameters. eliminated_after: episodes; None for a survivor.
        card: the episodes it played. It is marked as incomplete, and so has no score, unless all episodes were played.
    """

    candidate: int
    values: Mapping[str, Number]
    card: Scorecard
    eliminated_after: int | None

    @property
    def mean(self) -> float:
        """Mean return of the episodes played: where it ranks, and no score."""
        return float(self.card.returns.mean())

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % bootstrap interval of that mean by itself; not corrected for having been picked."""
        if self.card.whole_population or len(self.card.episodes) < 2:
            return None
        return bootstrap_interval(self.card.returns)


@dataclass(frozen=True)
class Race:
    """What a race found.

    Attributes:
        standings: survivors first; then by how long a candidate lasted, and by mean. Equal ones stay in their order.
        episodes: asked for. error: bound on the probability that the truly best one was eliminated. keep: as asked for.
        exact: one episode was everything (deterministic protocol, no randomness drawn), so nothing was estimated.
        stages: the planned ends of the stages, the tests among them, and their level.
    """

    standings: tuple[Standing, ...]
    episodes: int
    error: float
    keep: int
    exact: bool
    stages: Schedule

    @property
    def survivors(self) -> tuple[int, ...]:
        """The candidates that were not eliminated, best first, by their places in ``params``."""
        return tuple(one.candidate for one in self.standings if one.eliminated_after is None)

    @property
    def env_steps(self) -> int:
        """Env steps taken by all candidates."""
        return sum(one.card.cost.env_steps for one in self.standings)

    @property
    def model_steps(self) -> int | None:
        """Model steps taken by all candidates; None where none of them plans."""
        return summed(one.card.cost.model_steps for one in self.standings)

    @property
    def steps_saved(self) -> int:
        """Estimate: what the episodes not played would have taken, at each candidate's own mean episode length."""
        return 0 if self.exact else sum(round(self._unplayed(one)) for one in self.standings)

    def _unplayed(self, one: Standing) -> float:
        lengths = [episode.length for episode in one.card.episodes]
        return (self.episodes - len(lengths)) * float(np.mean(lengths))

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "episodes_asked": self.episodes,
            "error": self.error,
            "keep": self.keep,
            "exact": self.exact,
            "stages": list(self.stages.ends),
            "looks": list(self.stages.looks),
            "level": self.stages.level,
            "survivors": list(self.survivors),
            "env_steps": self.env_steps,
            "model_steps": self.model_steps,
            "steps_saved_estimate": self.steps_saved,
            "ranking": [_row(rank, one) for rank, one in enumerate(self.standings, 1)],
        }


def race(
    policy: str | Path | Policy | Sequence[str | Path | Policy] | None,
    env: str | Environment,
    params: Sequence[Mapping[str, Number]],
    *,
    episodes: int,
    error: float = 0.05,
    keep: int = 1,
    progress: Progress | None = None,
    **settings: Any,
) -> Race:
    """Race candidates against one another until ``keep`` are left, or ``episodes`` are played.

    Args:
        policy, env, params, progress: as in :func:`fastheur.evaluation.evaluate_many`.
        episodes: the most that a candidate plays.
        error: bound on the probability that a candidate is ever eliminated although its paired differences to every rival
            are independent between episodes and symmetric around a mean >= 0, as the truly best one's may be.
            The whole race shares it: all looks and all rivals.
        keep: candidates to stop at.
        settings: as in :func:`fastheur.evaluation.evaluate`. A ledger gets a trial per candidate and stage.

    Under a deterministic protocol one episode is everything: each candidate plays one, and the best are known exactly.
    If a policy draws random numbers all the same, the race goes on as usual.

    Raises:
        FastheurError: as in :func:`fastheur.evaluation.evaluate`; ConfigError also for the sealed split, warm slots and
            cut episodes, which prove nothing or cannot be compared.
        Interrupted: Ctrl-C; ``cards`` holds what each candidate has played, in order, marked as incomplete.
    """
    what = race_plan(env, episodes=episodes, **settings)
    return run_race(
        what, make_candidates(policy, what.task, params, what.place), error=error, keep=keep, progress=progress
    )


def race_plan(env: str | Environment, **settings: Any) -> Plan:
    """Return the plan of a race, as :func:`fastheur.evaluation.plan` does, without what a race cannot have."""
    if settings.get("split") == "sealed":
        raise ConfigError(
            "A race found split='sealed': it gives early verdicts, and sealed episodes are for final scores. Race on "
            "split=train, then evaluate the winner on the sealed split."
        )
    for name in ("warm", "stop_below", "stop_stalled"):
        if settings.get(name):
            raise ConfigError(
                f"A race found {name}={settings[name]}: it compares whole, fresh episodes. Leave it away."
            )
    return plan(env, **settings)


def run_race(
    what: Plan,
    candidates: Sequence[Candidate],
    *,
    error: float = 0.05,
    keep: int = 1,
    progress: Progress | None = None,
) -> Race:
    """Race ``candidates`` as planned; see :func:`race`."""
    if isinstance(error, bool) or not isinstance(error, (int, float)) or not 0 < error < 1:
        raise ConfigError(f"error is {error!r}, expected a probability between 0 and 1, for instance 0.05.")
    if len(candidates) <= whole("keep", keep):
        raise ConfigError(
            f"A race needs more candidates than it keeps; found {len(candidates)} and keep={keep}. Give lists of values, "
            "such as params.NAME=1,2,3."
        )
    stages, field = schedule(what.episodes, len(candidates), error), _Field(what, candidates, progress)
    everyone = list(range(len(candidates)))
    try:
        if what.protocol.deterministic(what.task):
            field.returns(everyone, 1)
        exact = bool(field.cards) and all(card.whole_population for card in field.cards)
        out = _beaten(field.cards, keep) if exact else eliminate(field.returns, len(candidates), stages, keep)
    except KeyboardInterrupt as stop:
        field.keep(stop.cards if isinstance(stop, Interrupted) else [])
        raise Interrupted([replace(card, complete=False) for card in field.cards]) from stop
    standings = [
        Standing(number, candidate.values, field.card(number, 1 if exact else what.episodes), out.get(number))
        for number, candidate in enumerate(candidates)
    ]
    standings.sort(key=lambda one: (-(one.eliminated_after or what.episodes + 1), -one.mean, one.candidate))
    return Race(tuple(standings), what.episodes, error, keep, exact, stages)


class _Field:
    """The candidates and what they have played so far."""

    def __init__(self, what: Plan, candidates: Sequence[Candidate], progress: Progress | None) -> None:
        self.cards: list[Scorecard] = []
        self._what = what
        self._candidates = candidates
        self._progress = progress
        self._playing: list[int] = []
        self._stage = 0

    def returns(self, alive: list[int], end: int) -> Returns:
        """Play on to ``end`` episodes and return all returns of the candidates ``alive``: float64 (alive, end)."""
        first = len(self.cards[alive[0]].episodes) if self.cards else 0
        if end > first:
            self._stage, self._playing = self._stage + 1, alive
            notes = f"{STAGE_NOTE} {self._stage}" + (f"; {self._what.notes}" if self._what.notes else "")
            part = replace(self._what, first=self._what.first + first, episodes=end - first, notes=notes)
            self.keep(run(part, [self._candidates[number] for number in alive], self._report()))
        return np.stack([self.cards[number].returns for number in alive])

    def keep(self, cards: Sequence[Scorecard]) -> None:
        """Add what the candidates that are playing have just played."""
        if not self.cards:
            self.cards = list(cards)
            return
        for number, card in zip(self._playing, cards, strict=False):
            self.cards[number] = self.cards[number].merge(card)

    def card(self, number: int, asked: int) -> Scorecard:
        """A candidate's card, marked as incomplete where it has not played all that was asked for."""
        card = self.cards[number]
        return card if len(card.episodes) == asked else replace(card, complete=False)

    def _report(self) -> Progress | None:
        if self._progress is None:
            return None
        progress, steps = self._progress, sum(card.cost.env_steps for card in self.cards)
        done = [episode for card in self.cards for episode in card.episodes]

        def report(more: int, episodes: Sequence[Episode]) -> None:
            progress(steps + more, [*done, *episodes])

        return report


def _beaten(cards: Sequence[Scorecard], keep: int) -> dict[int, int]:
    """Where one episode is everything: all that are below the last one kept; ties with it stay."""
    scores = [float(card.returns[0]) for card in cards]
    bar = sorted(scores, reverse=True)[keep - 1]
    return {number: 1 for number, score in enumerate(scores) if score < bar}


def _row(rank: int, one: Standing) -> dict[str, Any]:
    low, high = one.interval or (None, None)
    return {
        "rank": rank,
        "candidate": one.candidate,
        "params": dict(one.values),
        "mean_so_far": one.mean,
        "ci_low_so_far": low,
        "ci_high_so_far": high,
        "episodes": len(one.card.episodes),
        "eliminated_after": one.eliminated_after,
        "scorecard": one.card.to_dict(),
    }
