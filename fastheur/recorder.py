"""Looks on while episodes are played and keeps an :class:`EpisodeRecord` of each, at little cost per batch.

In an ordinary batch only whole arrays are compared; Python looks at a single row when a life or a sparse reward is lost,
when a point of the return curve is due, and when an episode ends. What is kept depends on the episode alone, never on
slots or neighbours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.record import EpisodeRecord, Moment, Sight, flat, short
from fastheur.rollout import Job
from fastheur.spec import BASE_INFO, Spec

MOST_MOMENTS = 16
"""Moments kept per episode: half of them the first, half the last."""

MOST_LOSSES = 32
"""An episode with more negative rewards than this has them all the time; none of them is a moment then."""

MOST_EVENTS = 200
"""Rewards kept per episode."""

MOST_POINTS = 32
"""Points of the return curve kept per episode."""

FIRST_POINT = 16
"""Env steps between its points at first; whenever it is full, every second point goes and the distance doubles."""

POINTS_PER_SAMPLE = 4
"""Points of the curve for each sample of what the policy saw."""

WIDEST = 512
"""Entries of an observation that is copied at every step, so that a moment can show what was seen before it."""

SHOWN = 128
"""Entries of it that a moment keeps."""


@dataclass
class _Notes:
    """What Python keeps of a slot's running episode."""

    lives: list[Moment] = field(default_factory=list)
    losses: list[Moment] = field(default_factory=list)
    lives_lost: int = 0
    samples: list[tuple[int, Sight]] = field(default_factory=list)


class Recorder:
    """An :class:`fastheur.rollout.Observer`; ``records`` are those of the episodes finished so far, as they ended."""

    def __init__(self) -> None:
        self.records: list[EpisodeRecord] = []

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        self._spec, self._jobs, self._state_of = spec, jobs, state_of
        self._notes = [_Notes() for _ in range(slots)]
        self._lives = np.zeros(slots, np.int32)
        self._due, self._apart, self._points = np.zeros((3, slots), np.int64)
        self._curve_step, self._curve_ret = np.zeros((slots, MOST_POINTS), np.int64), np.zeros((slots, MOST_POINTS))
        self._last, self._gap, self._gap_start = np.zeros((3, slots), np.int64)
        self._peak, self._drop_from, self._drop_to = np.zeros((3, slots), np.int64)
        self._drop = np.zeros(slots)
        self._seen, self._losses = np.zeros((2, slots), np.int64)
        self._every = np.ones(slots, np.int64)
        self._event_step = np.zeros((slots, MOST_EVENTS), np.int64)
        self._event_reward = np.zeros((slots, MOST_EVENTS))
        action = spec.action
        discrete = action.kind == "discrete"
        self._counts = np.zeros((slots, action.n if discrete else 0), np.int64)
        self._sum = np.zeros((slots, action.size))
        self._lowest, self._highest = np.zeros((2, slots, action.size))
        self._zeroed = (
            self._points, self._last, self._gap, self._gap_start, self._peak, self._drop, self._drop_from, self._drop_to,
            self._seen, self._losses, self._counts, self._sum,
        )  # fmt: skip
        wide = int(np.prod(spec.obs_shape))
        self._keeps_obs = not spec.obs_dtype.names and wide <= WIDEST
        width = min(wide, SHOWN) if self._keeps_obs else 0
        self._obs = np.zeros((slots, width), spec.obs_dtype if width else np.uint8)
        self._names = (spec.info_dtype.names or ())[len(BASE_INFO) :]
        self._variables = np.zeros((slots, len(self._names)))

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        slots = batch.slots
        if batch.first is not None:
            for row in np.flatnonzero(batch.first):
                self._begin(batch, int(row))
        rows = batch.reward.nonzero()[0]
        if len(rows):
            self._rewarded(batch, rows, scores)
        lives = batch.lives
        fell = (lives < self._lives[slots]).nonzero()[0]
        self._lives[slots] = lives
        for row in fell:
            notes = self._notes[slots[row]]
            notes.lives_lost += 1
            _keep(notes.lives, self._moment("life", batch, int(row), scores))
        due = (batch.info["elapsed"] == self._due[slots]).nonzero()[0]
        if len(due):
            self._sample(batch, due, scores)
        if batch.live is not None:
            ended = np.ones(len(slots), bool)
            ended[batch.live] = False
            for row in ended.nonzero()[0]:
                self.records.append(self._record(batch, int(row), scores))

    def acted(self, batch: StepBatch) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        live = slice(None) if batch.live is None else batch.live
        slots, actions = batch.slots[live], batch.actions[live]
        if self._counts.size:
            self._counts[slots, actions] += 1
        else:
            self._sum[slots] += actions
            self._lowest[slots] = np.minimum(self._lowest[slots], actions)
            self._highest[slots] = np.maximum(self._highest[slots], actions)
        if self._keeps_obs:
            self._obs[slots] = self._seen_by_policy(batch, live)
        for place, name in enumerate(self._names):
            self._variables[slots, place] = batch.info[name][live]

    def _seen_by_policy(self, batch: StepBatch, rows: Any) -> Array:
        obs = batch.obs[rows]
        return obs.reshape(len(obs), -1)[:, : self._obs.shape[1]]

    def _begin(self, batch: StepBatch, row: int) -> None:
        slot = batch.slots[row]
        self._notes[slot] = _Notes()
        self._lives[slot] = batch.lives[row]
        self._due[slot] = self._apart[slot] = FIRST_POINT
        for array in self._zeroed:
            array[slot] = 0
        self._every[slot] = 1
        self._lowest[slot], self._highest[slot] = np.inf, -np.inf

    def _rewarded(self, batch: StepBatch, rows: Array, scores: Array) -> None:
        slots, reward, step = batch.slots[rows], batch.reward[rows], batch.info["elapsed"][rows]
        before = self._last[slots]
        gap = step - 1 - before
        longer = gap > self._gap[slots]
        self._gap[slots[longer]], self._gap_start[slots[longer]] = gap[longer], before[longer]
        self._last[slots] = step
        ret, best = scores["ret"][slots], scores["best"][slots]
        self._peak[slots[ret == best]] = step[ret == best]
        drop = best - ret
        deeper = (drop > self._drop[slots]).nonzero()[0]
        if len(deeper):
            where = slots[deeper]
            self._drop[where], self._drop_to[where], self._drop_from[where] = (
                drop[deeper], step[deeper], self._peak[where],
            )  # fmt: skip
        self._add_events(slots, step, reward)
        lost = (reward < 0).nonzero()[0]
        self._losses[slots[lost]] += 1
        sparse = (self._losses[slots[lost]] <= MOST_LOSSES) & ~_dense(self._seen[slots[lost]], step[lost])
        for place in lost[sparse]:
            _keep(self._notes[slots[place]].losses, self._moment("loss", batch, int(rows[place]), scores))

    def _add_events(self, slots: Array, step: Array, reward: Array) -> None:
        """Keep every ``_every``-th reward of an episode; full, half of them make room."""
        every, seen = self._every[slots], self._seen[slots]
        due = seen % every == 0
        slots_due, places = slots[due], seen[due] // every[due]
        self._event_step[slots_due, places], self._event_reward[slots_due, places] = step[due], reward[due]
        self._seen[slots] += 1
        for slot in slots_due[places == MOST_EVENTS - 1]:
            half = MOST_EVENTS // 2
            self._event_step[slot, :half] = self._event_step[slot, ::2]
            self._event_reward[slot, :half] = self._event_reward[slot, ::2]
            self._every[slot] *= 2

    def _moment(self, kind: str, batch: StepBatch, row: int, scores: Array) -> Moment:
        slot = int(batch.slots[row])
        return Moment(
            kind, int(batch.info["elapsed"][row]), short(float(scores["ret"][slot])), int(batch.lives[row]),
            self._sight(slot),
        )  # fmt: skip

    def _sight(self, slot: int) -> Sight:
        """Return what the slot's policy saw and remembered at its last action."""
        variables = zip(self._names, self._variables[slot].tolist(), strict=True)
        found = flat(self._state_of(slot)), {name: short(value) for name, value in variables}
        if self._spec.mode == "ram":
            return Sight(*found, ram=self._obs[slot].tobytes().hex())
        return Sight(*found, obs=tuple(short(value) for value in self._obs[slot].tolist()))

    def _sample(self, batch: StepBatch, rows: Array, scores: Array) -> None:
        """Add a point to the rows' return curves, and now and then a sample of what was seen."""
        slots, steps = batch.slots[rows], batch.info["elapsed"][rows]
        points = self._points[slots]
        self._curve_step[slots, points], self._curve_ret[slots, points] = steps, scores["ret"][slots]
        self._points[slots] += 1
        for slot in slots[points == MOST_POINTS - 1]:
            half = MOST_POINTS // 2
            self._curve_step[slot, :half] = self._curve_step[slot, 1::2]  # those that lie on the doubled grid
            self._curve_ret[slot, :half] = self._curve_ret[slot, 1::2]
            self._points[slot] = half
            self._apart[slot] *= 2
            grid, notes = self._apart[slot] * POINTS_PER_SAMPLE, self._notes[slot]
            notes.samples = [(step, sight) for step, sight in notes.samples if step % grid == 0]
        self._due[slots] = steps + self._apart[slots]
        for slot, point, step in zip(slots.tolist(), points.tolist(), steps.tolist(), strict=True):
            if point % POINTS_PER_SAMPLE == POINTS_PER_SAMPLE - 1 or step == FIRST_POINT:
                self._notes[slot].samples.append((step, self._sight(slot)))

    def _record(self, batch: StepBatch, row: int, scores: Array) -> EpisodeRecord:
        slot, job = int(batch.slots[row]), self._jobs[batch.episodes[row]]
        score, notes = scores[slot], self._notes[slot]
        length, ret = int(score["length"]), float(score["ret"])
        moments, lost = self._moments(batch, row, scores)
        gap = length - int(self._last[slot])
        final = gap > self._gap[slot]
        stretch = (int(self._last[slot]), gap) if final else (int(self._gap_start[slot]), int(self._gap[slot]))
        rewarded = int(self._seen[slot])
        events = -(-rewarded // int(self._every[slot]))
        steps, amounts = self._event_step[slot, :events].tolist(), self._event_reward[slot, :events].tolist()
        dimensions = np.stack([self._lowest[slot], self._sum[slot] / max(1, length), self._highest[slot]], axis=1)
        drop = (int(self._drop_from[slot]), int(self._drop_to[slot]), short(float(self._drop[slot])))
        return EpisodeRecord(
            job.candidate,
            job.index,
            ret,
            length,
            "game over" if batch.terminated[row] else "cap" if batch.truncated[row] else "cut",
            tuple(moments),
            lost,
            tuple((step, short(amount)) for step, amount in zip(steps, amounts, strict=True)),
            rewarded,
            stretch,
            tuple(self._counts[slot].tolist()),
            tuple((short(a), short(b), short(c)) for a, b, c in dimensions.tolist()),
            self._curve(slot, length, ret),
            drop if drop[2] > 0 else None,
            tuple(sight for _, sight in notes.samples),
        )

    def _curve(self, slot: int, length: int, ret: float) -> tuple[tuple[int, float], ...]:
        points = int(self._points[slot])
        steps, returns = self._curve_step[slot, :points].tolist(), self._curve_ret[slot, :points].tolist()
        curve = [(step, short(value)) for step, value in zip(steps, returns, strict=True) if step < length]
        return (*curve, (length, short(ret)))

    def _moments(self, batch: StepBatch, row: int, scores: Array) -> tuple[list[Moment], int]:
        """Return what counts as a loss in this task: lives, or rare negative rewards, or an end that no reward came with."""
        slot = int(batch.slots[row])
        notes, losses = self._notes[slot], int(self._losses[slot])
        if notes.lives:
            return notes.lives, notes.lives_lost
        dense = bool(_dense(self._seen[slot], scores["length"][slot]))
        if losses and losses <= MOST_LOSSES and not dense:
            return notes.losses, losses
        if not batch.terminated[row] or (batch.reward[row] > 0 and not dense):
            return [], 0
        return [self._moment("over", batch, row, scores)], 1


def _dense(rewarded: Array, steps: Array) -> Array:
    """True where most steps gave a reward, so that a single one says little."""
    return 2 * rewarded > steps


def _keep(moments: list[Moment], moment: Moment) -> None:
    moments.append(moment)
    if len(moments) > MOST_MOMENTS:
        del moments[MOST_MOMENTS // 2]
