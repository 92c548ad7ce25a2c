"""Two versions side by side on the same episode: where their actions part, and both played in step with one another."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

import numpy as np

from fastheur.action_log import first_difference
from fastheur.batch import Array, StepBatch
from fastheur.engine import Engine
from fastheur.errors import ConfigError
from fastheur.replaying.film import action_words
from fastheur.replaying.frames import Frame
from fastheur.replaying.lettering import Lettering
from fastheur.replaying.overlay import BACKGROUND, BRIGHT, Overlay
from fastheur.replaying.steps import Table
from fastheur.spec import ActionSpec

GAP = 8
"""Pixels between the two pictures."""

STILL_S = 2.0
"""Seconds for which the last picture stays."""

BEFORE = (60, 30, 15, 5, 1)
"""Steps before the parting, and after it, that a contact sheet shows."""


def parting(left: Table, right: Table) -> int | None:
    """Return the env steps after which the two first act differently on the same observation; None: they never do.

    Where one of them is only longer, that is no parting: what it is compared with was cut.
    """
    both = min(len(left), len(right))
    return first_difference(left.actions.rows[:both], right.actions.rows[:both])


def parting_text(names: Sequence[str], tables: Sequence[Table], action: ActionSpec, parted: int | None) -> str:
    """Say where the two part and what each does there, or that they never do."""
    if parted is None:
        both = min(map(len, tables))
        longer = "" if len(tables[0]) == len(tables[1]) else " that both were played for"
        return f"They never part: the same actions in all {both:,} env steps{longer}."
    done = [
        f"{name} {action_words(table.actions.rows[parted], action)}" for name, table in zip(names, tables, strict=True)
    ]
    return f"They part at step {parted:,}: {', '.join(done)}."


class Pair(Engine):
    """Two engines of one slot each as one of two slots, which steps them in turn."""

    name: ClassVar[str] = "pair"
    can_snapshot: ClassVar[bool] = False

    def __init__(self, engines: Sequence[Engine]) -> None:
        first = engines[0]
        super().__init__(first.task, first.protocol, first.spec, first.threads)
        self._engines = engines

    @property
    def frames_per_s(self) -> float:
        """See :class:`Engine`."""
        return self._engines[0].frames_per_s

    def default_lanes(self, slots: int) -> int:
        """Each engine is a lane."""
        return len(self._engines)

    def episodes(self, seeds: Sequence[int], slots: int, *, lanes: int = 1, warm: bool = False) -> Iterator[StepBatch]:
        """See :meth:`Engine.episodes`; seed ``k`` plays in engine ``k``, which is slot ``k``."""
        if len(seeds) != len(self._engines) or warm:
            raise ConfigError(f"{len(seeds)} episodes for {len(self._engines)} engines, expected one fresh one each.")
        going = {
            place: engine.episodes([seed], 1)
            for place, (engine, seed) in enumerate(zip(self._engines, seeds, strict=True))
        }
        try:
            while going:
                for place, episodes in list(going.items()):
                    batch = next(episodes, None)
                    if batch is None:
                        del going[place]
                        continue
                    batch.slots = np.array([place], np.int32)
                    batch.episodes = np.array([place], np.int64)
                    yield batch
        finally:
            self.env_steps = sum(engine.env_steps for engine in self._engines)
            going.clear()  # they are generators: without a reference they end what they have started


class Beside:
    """Takes the frames of a :class:`Pair` as they come and shows those of the same step together.

    Whose episode is over stays as it ended.

    Args:
        show: takes the left and the right frame.
    """

    def __init__(self, show: Callable[[Frame, Frame], None]) -> None:
        self._show = show
        self._latest: dict[int, Frame] = {}
        self._over = False

    def __call__(self, slot: int, frame: Frame) -> None:
        """Take a slot's frame: the left one's comes first."""
        self._latest[slot] = frame
        if len(self._latest) == 2 and (slot == 1 or self._over):
            self._show(self._latest[0], self._latest[1])
        self._over |= slot == 1 and not frame.action


Both = tuple[Frame, Frame]
"""The left and the right frame of a step."""


def step_of(both: Both) -> int:
    """Return the env steps taken when a pair was seen; whose episode is over stays behind."""
    return max(frame.step for frame in both)


class Panels:
    """Composes left and right beside one another over a line of text: nothing before they part, and then how.

    Args:
        titles: of left and right. parted: env steps after which they part, None where they never do. text: of the line.
    """

    def __init__(self, titles: Sequence[str], parted: int | None, text: str) -> None:
        self._overlays = [Overlay(title) for title in titles]
        self._parted, self._text = parted, text
        self._letters = Lettering(16, BACKGROUND)
        self.over = False

    def compose(self, shown: Both) -> Array:
        """Return uint8 (H, W, 3) RGB, H and W even and the same each time."""
        whole = _beside([overlay.compose(frame) for overlay, frame in zip(self._overlays, shown, strict=True)])
        line = np.full((2 * self._letters.height, whole.shape[1], 3), BACKGROUND, np.uint8)
        if self.over or (self._parted is not None and step_of(shown) >= self._parted):
            text = self._letters.strip(self._letters.cut(self._text, whole.shape[1] - 2 * GAP), BRIGHT)
            top = self._letters.height // 2
            line[top : top + len(text), GAP : GAP + text.shape[1]] = text
        return np.concatenate([whole, line])

    def picture(self, shown: Both) -> Array:
        """Return uint8 (H, W, 3) RGB: both games alone, for contact sheets."""
        return _beside([overlay.picture(frame) for overlay, frame in zip(self._overlays, shown, strict=True)])


def _beside(pictures: Sequence[Array]) -> Array:
    """Return two pictures (H, W, 3) of the same height with a gap between them."""
    left, right = pictures
    return np.concatenate([left, np.full((len(left), GAP, 3), BACKGROUND, np.uint8), right], axis=1)


def around(parted: int | None, last: int) -> dict[int, str]:
    """Return the steps whose frames a contact sheet shows, with captions: before the parting, at it, and after it."""
    if parted is None:
        return {last * part // 4: f"step {last * part // 4:,}: alike" for part in range(5)}
    before = {parted - back: f"{_steps(back)} before they part" for back in BEFORE if back <= parted}
    after = {parted + on: f"{_steps(on)} after they parted" for on in reversed(BEFORE) if parted + on <= last}
    return {**before, parted: f"step {parted:,}: here they part", **after}


def _steps(count: int) -> str:
    return f"{count} step{'s' if count > 1 else ''}"
