"""Draws marks on a picture: thin, each in its own colour with black beside it, so that they show on any background.

Lines are two pixels wide and begin at even ones: a video has one colour for each two by two pixels.
"""

import math
from collections.abc import Sequence

import numpy as np

from fastheur.batch import Array
from fastheur.replaying.frames import Mark
from fastheur.replaying.lettering import Colour, Lettering

COLOURS: tuple[Colour, ...] = (
    (240, 228, 66),
    (86, 180, 233),
    (213, 94, 0),
    (0, 158, 115),
    (230, 159, 0),
    (204, 121, 167),
)
"""Yellow, sky blue, vermillion, bluish green, orange, reddish purple: of Okabe and Ito's colours, which colour-blind people
can tell apart, those that can be read on black."""

_BLACK: Colour = (0, 0, 0)
_DASH, _PERIOD = 6, 18
_HOLE, _ARM = 4, 11


class Painter:
    """Draws marks; a label keeps its colour through all pictures."""

    def __init__(self) -> None:
        self._letters = Lettering(12, _BLACK)
        self._labels: dict[str, tuple[Colour, Array]] = {}

    def paint(self, picture: Array, marks: Sequence[Mark], factor: int) -> None:
        """Draw the marks on uint8 (H, W, 3) RGB, a game's picture that was enlarged by ``factor``; what lies outside is cut off."""
        for mark in marks:
            if mark.label not in self._labels:
                colour = COLOURS[len(self._labels) % len(COLOURS)]
                self._labels[mark.label] = colour, self._letters.strip(f" {mark.label} ", colour)
            self._paint(picture, mark, factor, *self._labels[mark.label])

    def _paint(self, picture: Array, mark: Mark, factor: int, colour: Colour, label: Array) -> None:
        height, width = picture.shape[:2]
        x, y = _place(mark.x, factor, width), _place(mark.y, factor, height)
        if x is not None and y is not None:
            across, down = (round(min(edge * factor, 2.0 * width)) // 2 for edge in (mark.width, mark.height))
            if across or down:
                edges = (y - down - 2) & ~1, (y + down + 3) & ~1, (x - across - 2) & ~1, (x + across + 3) & ~1
                _box(picture, edges, colour)
            else:
                across = down = _HOLE
                _cross(picture, x, y, colour)
            self._name(picture, label, (y - down - 3, y + down + 5), (x - across - 3, x + across + 5))
        elif x is not None:
            _dashes(picture[:, max(0, x) : max(0, x + 2)].swapaxes(0, 1), colour)
            self._name(picture, label, (2, 2), (x - 2, x + 4))
        elif y is not None:
            _dashes(picture[max(0, y) : max(0, y + 2)], colour)
            self._name(picture, label, (y - 2, y + 4), (0, 2))

    def _name(self, picture: Array, label: Array, rows: tuple[int, int], columns: tuple[int, int]) -> None:
        """Write a label above and to the right of what it names, or where else there is room."""
        height, width = (min(a, b) for a, b in zip(picture.shape[:2], label.shape[:2], strict=True))
        top = rows[0] - height if rows[0] >= height else rows[1] + 1
        left = columns[1] + 1 if columns[1] + width < picture.shape[1] else columns[0] - width
        top = min(max(0, top), picture.shape[0] - height)
        left = min(max(0, left), picture.shape[1] - width)
        picture[top : top + height, left : left + width] = label[:height, :width]


def _place(at: float | None, factor: int, edge: int) -> int | None:
    """Return where the two pixels in the middle of a game's pixel begin, at most one picture's length outside; even."""
    if at is None or not math.isfinite(at):
        return None
    return round(min(max((at + 0.5) * factor - 1, -edge), 2 * edge)) & ~1


def _dashes(line: Array, colour: Colour) -> None:
    """Draw coloured and black dashes, with gaps between them, along the second axis."""
    pattern = np.zeros((_PERIOD, 3), np.uint8)
    pattern[:_DASH] = colour
    places = np.flatnonzero(np.arange(line.shape[1]) % _PERIOD < 2 * _DASH)
    line[:, places] = pattern[places % _PERIOD]


def _box(picture: Array, edges: tuple[int, int, int, int], colour: Colour) -> None:
    """Draw an outline with black around it; edges are where its lines begin: top, bottom, left, right."""
    top, bottom, left, right = edges
    for spread, shade in ((1, _BLACK), (0, colour)):
        for y in (top, bottom):
            _fill(picture, (y, y + 1), (left, right + 1), spread, shade)
        for x in (left, right):
            _fill(picture, (top, bottom + 1), (x, x + 1), spread, shade)


def _cross(picture: Array, x: int, y: int, colour: Colour) -> None:
    """Draw four arms that leave the middle free."""
    for spread, shade in ((1, _BLACK), (0, colour)):
        for start, end in ((-_ARM, -_HOLE), (_HOLE + 1, _ARM + 1)):
            _fill(picture, (y, y + 1), (x + start, x + end), spread, shade)
            _fill(picture, (y + start, y + end), (x, x + 1), spread, shade)


def _fill(picture: Array, rows: tuple[int, int], columns: tuple[int, int], spread: int, colour: Colour) -> None:
    """Fill the pixels from the first to the last of these rows and columns, and ``spread`` more to each side."""
    down, across = (slice(max(0, first - spread), max(0, last + spread + 1)) for first, last in (rows, columns))
    picture[down, across] = colour
