"""A picture of a task that has none: the observation as bars on a plain ground."""

import cv2
import numpy as np

from fastheur.batch import Array

WIDTH, HEIGHT = 480, 360
"""Pixels of the picture."""

MOST = 120
"""Bars that can still be told apart; further values are left out, and the picture says how many."""

_WIDEST = 54
"""Pixels from one bar to the next at most; there is room for the number then."""

_GROUND, _LINE, _UP, _DOWN, _TEXT = (24, 26, 32), (70, 76, 90), (86, 180, 233), (230, 159, 0), (200, 204, 212)


def plain_picture(values: Array, title: str, label: str) -> Array:
    """Return one bar per value around a middle line: up and blue for plus, down and orange for minus.

    A bar's height is ``x / (1 + |x|)`` of half the field, so that any value fits and the scale never moves. Where there are few
    of them, each has its number.

    Args:
        values: (N,) numbers; what is not finite is drawn as 0. title, label: a line above and a line below.

    Returns:
        uint8 (HEIGHT, WIDTH, 3) RGB.
    """
    image = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    image[:] = _GROUND
    shown = np.nan_to_num(np.asarray(values, np.float64).reshape(-1)[:MOST], nan=0.0, posinf=0.0, neginf=0.0)
    left, top, bottom = 24, 48, HEIGHT - 48
    middle, half = (top + bottom) // 2, (bottom - top) // 2
    for share, colour in ((0.5, _LINE), (-0.5, _LINE)):
        cv2.line(image, (left, middle - int(share * half)), (WIDTH - left, middle - int(share * half)), colour, 1)
    pitch = min(_WIDEST, (WIDTH - 2 * left) / max(1, len(shown)))
    for place, value in enumerate(shown):
        start, end = left + place * pitch, left + (place + 0.8) * pitch
        tip = middle - round(half * value / (1.0 + abs(value)))
        colour = _UP if value > 0 else _DOWN
        cv2.rectangle(image, (int(start), middle), (max(int(start), int(end) - 1), tip), colour, -1)
        if pitch == _WIDEST:
            _write(image, f"{value:.3g}", int(start), tip - 6 if value >= 0 else tip + 16)
    cv2.line(image, (left, middle), (WIDTH - left, middle), _TEXT, 1)
    rest = np.size(values) - len(shown)
    _write(image, title, left, 28)
    _write(image, label + (f" (and {rest} more)" if rest else ""), left, HEIGHT - 20)
    return image


def _write(image: Array, text: str, x: int, y: int) -> None:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _TEXT, 1, cv2.LINE_AA)
