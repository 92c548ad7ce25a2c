"""Keeps every step of the episodes that are played: arrays that grow, so that 108,000 steps take little memory."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.probing.entries import Entries
from fastheur.record import Number
from fastheur.replaying.moments import StepRow
from fastheur.rollout import Job
from fastheur.spec import Spec

MOST_FIELDS = 256
"""Numbers of a policy's STATE that are kept; what is beyond them is left out."""

_FIRST = 1024


class Column:
    """An array that rows are added to; ``rows`` is what it holds, (n, *shape)."""

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self._room = np.empty((_FIRST, *shape), dtype)
        self._count = 0

    def add(self, row: Any) -> None:
        """Add a row."""
        if self._count == len(self._room):
            self._room = np.concatenate((self._room, np.empty_like(self._room)))
        self._room[self._count] = row
        self._count += 1

    def __len__(self) -> int:
        return self._count

    @property
    def rows(self) -> Array:
        """A view of the rows so far."""
        return self._room[: self._count]


class Table:
    """The steps of one episode: row ``k`` is step ``k + 1``.

    Attributes:
        actions: int64 (n,) or float64 (n, size), as taken. rewards, scores: float64 (n,), of the step, and the return after
            it. lives: int32 (n,), after it; ``lives_first``: at the start.
        state: float64 (n, fields), the policy's STATE after its decision; ``state_names``. obs: float64 or uint8
            (n, entries), what it decided on; ``obs_names``. Both are empty where only the bare steps are kept.
    """

    def __init__(self, spec: Spec, entries: Entries | None) -> None:
        self._entries = entries
        self.actions = Column(spec.action.shape, spec.action.dtype)
        self.rewards, self.scores = Column((), np.float64), Column((), np.float64)
        self.lives = Column((), np.int32)
        self.obs_names = entries.names if entries else []
        small = spec.obs_dtype == np.uint8 and not any(name in (spec.info_dtype.names or ()) for name in self.obs_names)
        self.obs = Column((len(self.obs_names),), np.uint8 if small else np.float64)
        self.state_names: list[str] = []
        self.state = Column((0,), np.float64)
        self.whole: list[bool] = []
        self.lives_first = 0

    def __len__(self) -> int:
        return len(self.rewards)

    def remember(self, state: Mapping[str, Any]) -> None:
        """Add the policy's STATE."""
        found = numbers(state)
        if not len(self.state):
            self.state_names = list(found)
            self.whole = [isinstance(value, int) for value in found.values()]
            self.state = Column((len(found),), np.float64)
        self.state.add(list(found.values()))


class Steps:
    """An observer that keeps a :class:`Table` for each slot, which plays one episode.

    Args:
        details: keep the policy's STATE and the numbers of its observation too.
    """

    def __init__(self, details: bool = False) -> None:
        self._details = details
        self.tables: list[Table] = []

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        self._state_of = state_of
        self._entries = Entries(spec) if self._details else None
        self.tables = [Table(spec, self._entries) for _ in range(slots)]

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """Complete the last row of each slot with what came of its action."""
        for row, slot in enumerate(batch.slots):
            table = self.tables[slot]
            if batch.first is not None and batch.first[row]:
                table.lives_first = int(batch.lives[row])
            else:
                table.rewards.add(batch.reward[row])
                table.scores.add(scores["ret"][slot])
                table.lives.add(batch.lives[row])

    def acted(self, batch: StepBatch) -> None:
        """Add what was done, and on what."""
        read = None if self._entries is None else self._entries.read(batch)
        for row in range(len(batch.slots)) if batch.live is None else batch.live:
            table = self.tables[batch.slots[row]]
            table.actions.add(batch.actions[row])
            if read is not None:
                table.obs.add(read[row])
                table.remember(self._state_of(int(batch.slots[row])))


def step_rows(table: Table, first: int = 0, last: int | None = None) -> list[StepRow]:
    """Return one row per observation of a stretch; None: up to the end."""
    columns = [column.rows.tolist() for column in (table.rewards, table.scores, table.lives)]
    rows = [(0.0, 0.0, table.lives_first), *zip(*columns, strict=True)]
    return [StepRow(step, *rows[step]) for step in range(first, (len(table) if last is None else last) + 1)]


def numbers(state: Mapping[str, Any]) -> dict[str, Number]:
    """Return a policy's STATE as single numbers, entries of arrays as ``name[0]`` or ``name[0,1]``, unrounded."""
    found: dict[str, Number] = {}
    for name, value in state.items():
        if not isinstance(value, list):
            found[name] = value
            continue
        array = np.asarray(value)
        if len(found) + array.size <= MOST_FIELDS:
            found |= {f"{name}[{','.join(map(str, at))}]": array[at].item() for at in np.ndindex(array.shape)}
    return dict(list(found.items())[:MOST_FIELDS])
