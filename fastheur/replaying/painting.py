"""Draws marks on a picture: thin, each in its own colour with black beside it, so that they show on any background."""

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
        self._colours: dict[str, Colour] = {}

    def paint(self, picture: Array, marks: Sequence[Mark], factor: int) -> None:
        """Draw the marks on uint8 (H, W, 3) RGB, a game's picture that was enlarged by ``factor``; what lies outside is cut off."""
        for mark in marks:
            colour = self._colours.setdefault(mark.label, COLOURS[len(self._colours) % len(COLOURS)])
            self._paint(picture, mark, factor, colour)

    def _paint(self, picture: Array, mark: Mark, factor: int, colour: Colour) -> None:
        height, width = picture.shape[:2]
        x, y = _place(mark.x, factor, width), _place(mark.y, factor, height)
        if x is None and y is None:
            return
        label = self._letters.strip(f" {mark.label} ", colour)
        if y is None and x is not None:
            _dashes(picture[:, max(0, x) : max(0, x + 1)].swapaxes(0, 1), colour)
            self._name(picture, label, (2, 2), (x - 2, x + 2))
        elif x is None and y is not None:
            _dashes(picture[max(0, y) : max(0, y + 1)], colour)
            self._name(picture, label, (y - 2, y + 2), (0, 2))
        elif x is not None and y is not None:
            across, down = round(mark.width * factor) // 2, round(mark.height * factor) // 2
            if across or down:
                _box(picture, (y - down - 2, y + down + 2, x - across - 2, x + across + 2), _BLACK)
                _box(picture, (y - down - 1, y + down + 1, x - across - 1, x + across + 1), colour)
            else:
                across = down = _HOLE
                _cross(picture, x, y, colour)
            self._name(picture, label, (y - down - 2, y + down + 2), (x - across - 2, x + across + 2))

    def _name(self, picture: Array, label: Array, rows: tuple[int, int], columns: tuple[int, int]) -> None:
        """Write a label above and to the right of what it names, or where else there is room."""
        height, width = (min(a, b) for a, b in zip(picture.shape[:2], label.shape[:2], strict=True))
        top = rows[0] - height if rows[0] >= height else rows[1] + 1
        left = columns[1] + 1 if columns[1] + width < picture.shape[1] else columns[0] - width
        top = min(max(0, top), picture.shape[0] - height)
        left = min(max(0, left), picture.shape[1] - width)
        picture[top : top + height, left : left + width] = label[:height, :width]


def _place(at: float | None, factor: int, edge: int) -> int | None:
    """Return the middle of a game's pixel in the enlarged picture, at most one picture's length outside."""
    if at is None or not math.isfinite(at):
        return None
    return round(min(max((at + 0.5) * factor, -edge), 2 * edge))


def _dashes(line: Array, colour: Colour) -> None:
    """Draw coloured and black dashes, with gaps between them, along the second axis."""
    pattern = np.zeros((_PERIOD, 3), np.uint8)
    pattern[:_DASH] = colour
    places = np.flatnonzero(np.arange(line.shape[1]) % _PERIOD < 2 * _DASH)
    line[:, places] = pattern[places % _PERIOD]


def _box(picture: Array, edges: tuple[int, int, int, int], colour: Colour) -> None:
    """Draw the outline of a box whose edges, top, bottom, left and right, belong to it."""
    top, bottom, left, right = edges
    columns, rows = slice(max(0, left), max(0, right + 1)), slice(max(0, top), max(0, bottom + 1))
    for y in (top, bottom):
        if 0 <= y < picture.shape[0]:
            picture[y, columns] = colour
    for x in (left, right):
        if 0 <= x < picture.shape[1]:
            picture[rows, x] = colour


def _cross(picture: Array, x: int, y: int, colour: Colour) -> None:
    """Draw four arms that leave the middle free."""
    for spread, shade in ((1, _BLACK), (0, colour)):
        for start, end in ((-_ARM, -_HOLE), (_HOLE, _ARM)):
            _fill(picture, y - spread, y + spread, x + start - spread, x + end + spread, shade)
            _fill(picture, y + start - spread, y + end + spread, x - spread, x + spread, shade)


def _fill(picture: Array, top: int, bottom: int, left: int, right: int, colour: Colour) -> None:
    picture[max(0, top) : max(0, bottom + 1), max(0, left) : max(0, right + 1)] = colour
