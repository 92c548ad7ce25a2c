"""Looks on while an episode is played and shows it frame by frame, whoever wants to see them."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from fastheur.batch import Array, StepBatch
from fastheur.contract_checks import Place
from fastheur.engine import Engine
from fastheur.record import flat
from fastheur.replaying.frames import Frame
from fastheur.replaying.marking import marks_of
from fastheur.rollout import Job
from fastheur.spec import ActionSpec, Spec
from fastheur.wording import action_name

T = TypeVar("T")

MOST_WAITING = 16
"""Frames that wait to be drawn: at most so many are in memory."""

Declared = Mapping[str, tuple[Place, ...]]
"""The marks that a policy declares."""


class Film:
    """An observer that makes a :class:`Frame` of what is seen and decided at each step, and one of the end.

    Args:
        engines: those that play, the one of slot ``k`` at ``k``; each plays a single slot and has pictures.
        show: takes slot and frame. wanted: of which steps (env steps taken when it was seen) there is to be a frame; there
            always is one of an end.
        marks: those that each slot's policy declares.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        show: Callable[[int, Frame], None],
        wanted: Callable[[int], bool],
        marks: Sequence[Declared],
    ) -> None:
        self._engines, self._show, self._wanted, self._marks = engines, show, wanted, marks

    def start(self, spec: Spec, jobs: Sequence[Job], slots: int, state_of: Callable[[int], dict[str, Any]]) -> None:
        """See :class:`fastheur.rollout.Observer`."""
        self._action, self._state_of = spec.action, state_of
        self._scores = [0.0] * slots

    def scored(self, batch: StepBatch, scores: Array) -> None:
        """Show the end of the episodes that are over."""
        live = None if batch.live is None else set(batch.live.tolist())
        for row, slot in enumerate(batch.slots.tolist()):
            self._scores[slot] = float(scores["ret"][slot])
            if live is not None and row not in live:
                self._frame(batch, row, slot, "")

    def acted(self, batch: StepBatch) -> None:
        """Show what was seen and what is done now."""
        for row in range(len(batch.slots)) if batch.live is None else batch.live.tolist():
            if self._wanted(int(batch.info["elapsed"][row])):
                self._frame(batch, row, int(batch.slots[row]), action_words(batch.actions[row], self._action))

    def _frame(self, batch: StepBatch, row: int, slot: int, words: str) -> None:
        state = self._state_of(slot)
        frame = Frame(
            int(batch.info["elapsed"][row]),
            self._engines[slot].picture(),
            words,
            float(batch.reward[row]),
            self._scores[slot],
            int(batch.lives[row]),
            flat(state),
            marks_of(self._marks[slot], state),
        )
        self._show(slot, frame)


def action_words(action: Any, spec: ActionSpec) -> str:
    """Return an action in words: its name, the buttons held down, or its numbers."""
    if spec.kind == "discrete":
        return action_name(int(action), spec.meanings)
    if spec.kind == "buttons":
        return "+".join(action_name(at, spec.meanings) for at, held in enumerate(action) if held) or "none"
    return " ".join(f"{part:+.2f}" for part in action)


class Behind(Generic[T]):
    """Does work in a thread of its own, item by item, in order, while the caller goes on with the next ones.

    Leaving the context waits for all of it; after an error in the context what still waits is dropped.

    Args:
        work: takes an item; what it raises is raised where the next item is given, or at the end.
    """

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._items: queue.Queue[T | None] = queue.Queue(MOST_WAITING)
        self._problem: BaseException | None = None
        self._dropped = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __call__(self, item: T) -> None:
        """Leave an item to the thread; waits while many are waiting."""
        if self._problem is not None:
            raise self._problem
        self._items.put(item)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dropped = kind is not None
        self._items.put(None)
        self._thread.join()
        if self._problem is not None and kind is None:
            raise self._problem

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            if self._problem is None and not self._dropped:
                try:
                    self._work(item)
                except BaseException as error:
                    self._problem = error
