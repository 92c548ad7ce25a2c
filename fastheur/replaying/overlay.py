"""Composes the pictures of a replay: the game, where the policy believes things to be, and a panel of what it knew and did.

The game is enlarged by a whole factor with nearest neighbours. Pixels stay square, as a policy sees them: a television of
the time showed those of Atari 1.6 times as wide as high. So a pixel of the game is a block of the video, and marks sit on it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from fastheur.batch import Array
from fastheur.record import Number
from fastheur.replaying.frames import Frame
from fastheur.replaying.lettering import Colour, Lettering
from fastheur.replaying.painting import Painter

MOST_WIDTH, MOST_HEIGHT = 640, 480
"""The game is enlarged as far as it fits into this, and shown as it is where it does not."""

LEAST_HEIGHT = 360
PANEL = 256
"""Width of the panel in pixels."""

HELD = 12
"""Pictures for which a value that changed stays bright."""

BACKGROUND: Colour = (18, 20, 26)
BRIGHT: Colour = (255, 255, 255)
PLAIN: Colour = (168, 172, 180)
NAME: Colour = (128, 133, 144)

ROW = 16
"""Height of a line of the panel. The lines, and the ends of the values, lie on the grid of 16 pixels in which H.264 encodes:
a value that changes then costs half as much in a video."""

_MARGIN = 16


@dataclass
class _Cell:
    """A value on the panel: its top right corner, how wide it may be, and what it shows."""

    top: int
    right: int
    width: int
    letters: Lettering
    text: str = ""
    held: int = 0


class Overlay:
    """Composes the frames of one episode; all pictures have the size of the first.

    Args:
        title: task, version, trial, episode. fields: of the policy's state, in the order in which they are to be shown; None:
            all that the first frame has. Those that do not fit are counted in the last line.
    """

    def __init__(self, title: str, fields: Sequence[str] | None = None) -> None:
        self._title = title
        self._fields = fields
        self._small, self._large = Lettering(13, BACKGROUND), Lettering(38, BACKGROUND)
        self._painter = Painter()
        self._size: tuple[int, int] | None = None

    def compose(self, frame: Frame) -> Array:
        """Return uint8 (H, W, 3) RGB, a new array: the game on the left, the panel on the right. H and W are even."""
        if self._size is None:
            self._lay_out(frame)
        for cell, text in zip(self._cells, self._texts(frame), strict=True):
            if text != cell.text:
                self._write(cell, text, BRIGHT if cell.text else PLAIN)
                cell.held, cell.text = HELD if cell.text else 0, text
            elif cell.held:
                cell.held -= 1
                if not cell.held:
                    self._write(cell, text, PLAIN)
        height, width = self._size or (0, 0)
        whole = self._canvas.copy()
        self._enlarge(frame, whole[self._top : self._top + height, :width])
        return whole

    def picture(self, frame: Frame) -> Array:
        """Return uint8 (H, W, 3) RGB, a new array: the game alone, enlarged, with its marks; for contact sheets."""
        height, width = frame.picture.shape[:2]
        factor = enlargement(height, width)
        large = np.empty((height * factor, width * factor, 3), np.uint8)
        self._enlarge(frame, large)
        return large

    def _enlarge(self, frame: Frame, into: Array) -> None:
        """Write the game's picture, and its marks, into uint8 (H, W, 3)."""
        height, factor = frame.picture.shape[0], into.shape[0] // frame.picture.shape[0]
        size = into.shape[1], height
        wide = cv2.resize(np.ascontiguousarray(frame.picture), size, interpolation=cv2.INTER_NEAREST)
        for row in range(factor):
            into[row::factor] = wide
        if frame.marks:
            self._painter.paint(into, frame.marks, factor)

    def _lay_out(self, frame: Frame) -> None:
        """Draw what never changes, and place what does."""
        height, width = (edge * enlargement(*frame.picture.shape[:2]) for edge in frame.picture.shape[:2])
        self._size = height, width
        tall, left = max(height, LEAST_HEIGHT), width + _MARGIN
        tall += tall % 2
        wide = width + PANEL + width % 2
        self._top = (tall - height) // 2 & ~1
        self._canvas = np.full((tall, wide, 3), BACKGROUND, np.uint8)
        row, inner = ROW, PANEL - 2 * _MARGIN
        for line in self._small.lines(self._title, inner, 3):
            self._put(row, left, self._small.strip(line, PLAIN))
            row += ROW
        right = left + inner
        self._put(row + 2 * ROW - 3, left, self._small.strip("score", NAME))
        self._cells = [_Cell(row + ROW // 2, right, inner - 64, self._large)]
        row += 4 * ROW
        self._lives = frame.lives > 0
        for name in ["step", "action", "reward", *["lives"] * self._lives]:
            self._add(name, row, left, right, inner)
            row += ROW
        row += ROW
        names = list(frame.state if self._fields is None else self._fields)
        room = (tall - row) // ROW - 1
        self._shown = names if len(names) <= room else names[: max(0, room - 1)]
        for name in self._shown:
            self._add(name, row, left, right, inner)
            row += ROW
        if len(self._shown) < len(names):
            self._put(row, left, self._small.strip(f"and {len(names) - len(self._shown)} more", NAME))

    def _add(self, name: str, row: int, left: int, right: int, inner: int) -> None:
        label = self._small.strip(self._small.cut(name, inner * 3 // 5), NAME)
        self._put(row, left, label)
        self._cells.append(_Cell(row, right, inner - label.shape[1] - 8, self._small))

    def _put(self, row: int, left: int, strip: Array) -> None:
        self._canvas[row : row + strip.shape[0], left : left + strip.shape[1]] = strip

    def _write(self, cell: _Cell, text: str, colour: Colour) -> None:
        self._put(cell.top, cell.right - cell.width, cell.letters.strip(text, colour, cell.width))

    def _texts(self, frame: Frame) -> Iterator[str]:
        """Yield what the cells show, in their order."""
        yield _points(frame.score)
        yield f"{frame.step:,}"
        yield frame.action or "-"
        yield f"{frame.reward:+.4g}" if frame.reward else "0"
        if self._lives:
            yield str(frame.lives)
        for name in self._shown:
            yield _short(frame.state.get(name))


def enlargement(height: int, width: int) -> int:
    """Return the whole factor by which a game's picture is enlarged."""
    return max(1, min(MOST_WIDTH // width, MOST_HEIGHT // height))


def _points(score: float) -> str:
    return f"{score:,.0f}" if score == int(score) else f"{score:,.2f}" if abs(score) < 1000 else f"{score:,.1f}"


def _short(value: Number | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**10 else f"{value:.5g}"
    return f"{value:.4g}"
