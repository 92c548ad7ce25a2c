"""Counts model steps: simulator steps that a planner takes inside its model, apart from env steps.

One model step is one step of the simulator (one ``mj_step``), so that a planned env step counts ``frame_skip`` of them. The
host sets the meter of a policy while it makes it; what the policy makes in there, such as a planner's model, takes the
meter of that moment and adds to it at every rollout.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import numpy.typing as npt


def summed(parts: Iterable[int | None]) -> int | None:
    """Return the sum of what is known; None where nothing is: who does not plan has no model steps, not even none."""
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def shared_out(total: int | None, known: Sequence[int | None]) -> list[int | None]:
    """Share out ``total`` model steps: each trial's finished episodes, and those of unfinished ones evenly.

    Args:
        known: of each trial's finished episodes; None where its policy does not plan, which gets none.
    """
    planning = [steps for steps in known if steps is not None]
    if not planning:
        return list(known)
    extra, rest = divmod(max(0, (total or 0) - sum(planning)), len(planning))
    more = itertools.chain(itertools.repeat(extra + 1, rest), itertools.repeat(extra))
    return [None if steps is None else steps + next(more) for steps in known]


def planned(steps: int | None) -> str:
    """Return what is said beside every score of a policy that plans; nothing for any other."""
    return "" if steps is None else f"plans with a model: {steps:,} model steps"


class ModelMeter:
    """The model steps of one policy.

    Args:
        slots: pool size. counts: int64 (slots,), where to count, if not in an array of its own; zeroed here.

    Attributes:
        counts: int64 (slots,), model steps of each slot's current episode. total: of all episodes, ended ones too.
    """

    def __init__(self, slots: int, counts: npt.NDArray[np.int64] | None = None) -> None:
        self.counts = np.zeros(slots, np.int64) if counts is None else counts
        self.counts[:] = 0
        self.total = 0

    def add(self, slots: npt.ArrayLike, each: npt.ArrayLike) -> None:
        """Count ``each`` model steps, one number or one per entry, for every entry of ``slots``; a slot may be named twice."""
        places = np.asarray(slots, np.int64).ravel()
        steps = np.broadcast_to(np.asarray(each, np.int64), places.shape)
        self.total += int(steps.sum())
        np.add.at(self.counts, places, steps)

    def restart(self, slots: Any) -> None:
        """An episode starts in each of ``slots``: count from zero there; the total stays."""
        self.counts[slots] = 0


class _Unread(ModelMeter):
    """Takes any slot, and keeps the total only."""

    def add(self, slots: npt.ArrayLike, each: npt.ArrayLike) -> None:
        self.total += int(np.broadcast_to(np.asarray(each, np.int64), np.shape(np.ravel(slots))).sum())


_current: ContextVar[ModelMeter | None] = ContextVar("model_meter", default=None)


@contextmanager
def metering(meter: ModelMeter) -> Iterator[None]:
    """Make ``meter`` the one that :func:`current` returns."""
    token = _current.set(meter)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> ModelMeter:
    """Return the meter of whoever is being made here; where none is set, a new one that nobody reads."""
    return _current.get() or _Unread(0)
