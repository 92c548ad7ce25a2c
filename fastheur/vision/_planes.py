"""Finds and counts the pixels of one value in a plane of grey levels or palette indices."""

import numpy as np

from fastheur.vision._compiling import Array, helper
from fastheur.vision._regions import clip
from fastheur.vision._rows import STEP, box, count_value_row


@helper
def count_value(plane: Array, value: int, top: int, bottom: int, left: int, right: int) -> int:
    """Count the pixels of one value.

    Args:
        plane: grey levels or palette indices, uint8[H, W].
        value: the value, an integer.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        int: the number of pixels, 0 if there is none.
    """
    top, bottom, left, right = clip(plane, value, top, bottom, left, right)
    key = np.uint8(value)
    count = 0
    for y in range(top, bottom):
        count += count_value_row(plane, key, y, left, right)
    return count


@helper
def box_value(plane: Array, value: int, top: int, bottom: int, left: int, right: int) -> tuple[int, int, int, int, int]:
    """Find the smallest box around all pixels of one value.

    Args:
        plane: grey levels or palette indices, uint8[H, W].
        value: the value, an integer.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int, int, int, int): ``(count, top, bottom, left, right)``, the number of pixels and their half-open box,
        ``(0, -1, -1, -1, -1)`` if there is none.
    """
    top, bottom, left, right = clip(plane, value, top, bottom, left, right)
    return box(count_value_row, plane, np.uint8(value), top, bottom, left, right)


@helper
def centroid_value(plane: Array, value: int, top: int, bottom: int, left: int, right: int) -> tuple[int, float, float]:
    """Find the mean position of all pixels of one value.

    Args:
        plane: grey levels or palette indices, uint8[H, W].
        value: the value, an integer.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, float, float): ``(count, y, x)``, the number of pixels and the mean of their positions,
        ``(0, -1.0, -1.0)`` if there is none.
    """
    top, bottom, left, right = clip(plane, value, top, bottom, left, right)
    key = np.uint8(value)
    count, sum_of_y, sum_of_x = 0, 0, 0
    for y in range(top, bottom):
        for start in range(left, right, STEP):
            end = right if right < start + STEP else start + STEP
            hits = count_value_row(plane, key, y, start, end)
            if hits > 0:
                row = plane[y]
                offsets = np.uint16(0)
                for x in range(np.uint64(start), np.uint64(end)):
                    offsets = np.uint16(offsets + np.uint16(row[x] == key) * np.uint16(x - np.uint64(start)))
                count += hits
                sum_of_y += hits * y
                sum_of_x += hits * start + np.int64(offsets)
    if count == 0:
        return 0, -1.0, -1.0
    return count, sum_of_y / count, sum_of_x / count
