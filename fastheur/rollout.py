"""Joins engine and host: yields every finished episode with its score. Knows nothing of logs, splits or statistics."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from fastheur import _core
from fastheur.batch import Array, StepBatch
from fastheur.engine import Engine
from fastheur.hopeless import LengthRule, Rule
from fastheur.host import Host
from fastheur.seeds import stream_key
from fastheur.spec import Spec


@dataclass(frozen=True)
class Job:
    """One episode to play: which candidate, which episode index, and the environment seed behind it."""

    candidate: int
    index: int
    seed: int


@dataclass(frozen=True)
class Episode:
    """One finished episode.

    Attributes:
        candidate, index: the job. ret: undiscounted return. length: env steps.
        terminated: the game ended (False: cut off at the cap). lives_lost: drops of the life counter, summed.
        last_reward_step: env steps up to the last reward that was not zero, -1 without one.
        best, worst: extremes of the running return. action_hash: 64-bit hash of all actions, in hexadecimal.
        random: the policy drew from its random stream.
        model_steps: that the policy took to plan; None for one that does not plan.
        unplayed: env steps left to the cap when a :data:`fastheur.hopeless.Rule` cut the episode, so that its return is not
            final; 0 for an episode that was played to its end.
    """

    candidate: int = field(compare=False)
    index: int
    ret: float
    length: int
    terminated: bool
    lives_lost: int
    last_reward_step: int
    best: float
    worst: float
    discounted: float
    action_hash: str
    random: bool
    unplayed: int = 0
    model_steps: int | None = None

    @property
    def cut(self) -> bool:
        """True where the episode was cut as hopeless or stalled: neither terminated, nor a final return."""
        return self.unplayed > 0

    def ending(self, until: int | None = None) -> str:
        """How it ended, in a few words; ``until``: the env steps that were to be played, where not all."""
        return (
            "game over" if self.terminated else "not played further" if self.length == until else "cut off at the cap"
        )


class TimedHost:
    """A host that measures what its policies take: seconds in ``act`` and the number of actions."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.seconds = 0.0
        self.actions = 0

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        """Pass on to the host."""
        self._host.reset(slots, candidates, keys)

    def act(self, batch: StepBatch) -> None:
        """Pass on to the host, with a stopwatch."""
        began = time.perf_counter()
        self._host.act(batch)
        self.seconds += time.perf_counter() - began
        self.actions += len(batch.slots) if batch.live is None else len(batch.live)

    def drew_randomness(self, slot: int) -> bool:
        """Pass on to the host."""
        return self._host.drew_randomness(slot)

    def model_steps_of(self, slot: int) -> int | None:
        """Pass on to the host."""
        return self._host.model_steps_of(slot)

    def model_steps(self) -> int | None:
        """Pass on to the host."""
        return self._host.model_steps()

    def state_of(self, slot: int) -> dict[str, Any]:
        """Pass on to the host."""
        return self._host.state_of(slot)


class Observer(Protocol):
    """What looks on while episodes are played, and changes nothing."""

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """Before the first batch: what is played in how many slots, and :meth:`Host.state_of`."""

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """After the rewards of a batch were added to the slots' accumulators (S,), and before anything acts on it.

        Rows that are not in ``batch.live`` have ended: terminated, truncated, or neither where a stop rule cut them.
        """

    def acted(self, batch: StepBatch) -> None:
        """After the live rows of a batch, at least one, were given their actions."""


def rollout(
    engine: Engine,
    host: Host,
    jobs: Sequence[Job],
    slots: int,
    *,
    lanes: int = 1,
    warm: bool = False,
    gamma: float = 1.0,
    stop: Rule | LengthRule | None = None,
    watch: Callable[[], None] | None = None,
    recorder: Observer | None = None,
) -> Iterator[Episode]:
    """Play every job once and yield the episodes as they end.

    Args:
        engine, host: the task and what plays it. jobs: the episodes. slots, lanes, warm: see :meth:`Engine.episodes`.
        gamma: discount of :attr:`Episode.discounted`. stop: when to cut an episode. watch: called after every batch.
        recorder: looks on.
    """
    scores = np.zeros(min(slots, len(jobs)), _core.ACCUMULATOR)
    candidates = np.array([job.candidate for job in jobs], np.int64)
    if recorder is not None:
        recorder.start(engine.spec, jobs, len(scores), host.state_of)
    for batch in engine.episodes([job.seed for job in jobs], slots, lanes=lanes, warm=warm):
        first = batch.first
        if first is not None:
            starting, places = batch.slots[first], batch.episodes[first]
            _core.score_reset(scores, starting, batch.lives[first])
            host.reset(starting, candidates[places], [stream_key(jobs[place].seed) for place in places])
            stepped = ~first
            if stepped.any():
                _core.score_step(scores, batch.slots[stepped], batch.reward[stepped], batch.lives[stepped], gamma)
        else:
            _core.score_step(scores, batch.slots, batch.reward, batch.lives, gamma)
        cut = [] if stop is None else _cut(stop, batch, scores)
        if recorder is not None:
            recorder.scored(batch, scores)
        for cut_row, left in cut:
            slot = batch.slots[cut_row]
            yield _finished(jobs[batch.episodes[cut_row]], scores[slot], False, host, slot, left)
        if batch.live is not None:
            for row in np.flatnonzero(batch.terminated | batch.truncated):
                slot = batch.slots[row]
                yield _finished(jobs[batch.episodes[row]], scores[slot], bool(batch.terminated[row]), host, slot)
        if batch.live is None or len(batch.live):
            host.act(batch)
            live = slice(None) if batch.live is None else batch.live
            _core.hash_actions(scores, batch.slots[live], batch.actions[live])
            if recorder is not None:
                recorder.acted(batch)
        if watch is not None:
            watch()


def _cut(stop: Rule | LengthRule, batch: StepBatch, scores: Array) -> list[tuple[int, int]]:
    """Return the rows to cut, each with its steps left to the cap, and take them out of the live ones."""
    rows = stop.hopeless(batch, scores)
    if len(rows):
        live = np.arange(len(batch.slots)) if batch.live is None else batch.live
        batch.live = np.setdiff1d(live, rows)
    return [(int(row), stop.cap - int(scores[batch.slots[row]]["length"])) for row in rows]


def _finished(job: Job, score: np.void, terminated: bool, host: Host, slot: int, unplayed: int = 0) -> Episode:
    return Episode(
        job.candidate,
        job.index,
        float(score["ret"]),
        int(score["length"]),
        terminated,
        int(score["lives_lost"]),
        int(score["last_reward_step"]),
        float(score["best"]),
        float(score["worst"]),
        float(score["discounted"]),
        f"{int(score['action_hash']):016x}",
        host.drew_randomness(slot),
        unplayed,
        host.model_steps_of(slot),
    )
