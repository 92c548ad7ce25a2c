"""Counts matches row by row, and boxes them.

A row counter count(source, key, y, left, right) returns how many pixels of row y match. :func:`box` takes one as an
argument, which Numba resolves when it compiles. Unsigned loop variables spare the wraparound of negative indices, and the
casts keep the accumulators narrow.
"""

from typing import Any

import numpy as np

from fastheur.vision._compiling import inlined, inner

# Pixels per step of a row loop: a count of 255 fits in 8 bits and a sum of offsets below 255 fits in 16 bits, which
# lets the compiler use the widest vectors.
STEP = 255


@inner
def count_colour_row(frame: Any, key: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of a colour in one row of an RGB frame."""
    red, green, blue = frame[0, y], frame[1, y], frame[2, y]
    r, g, b = key
    total: Any = 0
    while left < right:
        end = right if right < left + STEP else left + STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8((red[x] == r) & (green[x] == g) & (blue[x] == b)))
        total += np.int64(count)
        left = end
    return total


@inner
def count_value_row(plane: Any, value: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of a value in one row of a plane."""
    row = plane[y]
    total: Any = 0
    while left < right:
        end = right if right < left + STEP else left + STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8(row[x] == value))
        total += np.int64(count)
        left = end
    return total


@inner
def count_changed_colour_row(frame: Any, other: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of one row in which two RGB frames differ."""
    red, green, blue = frame[0, y], frame[1, y], frame[2, y]
    red2, green2, blue2 = other[0, y], other[1, y], other[2, y]
    total: Any = 0
    while left < right:
        end = right if right < left + STEP else left + STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8((red[x] != red2[x]) | (green[x] != green2[x]) | (blue[x] != blue2[x])))
        total += np.int64(count)
        left = end
    return total


@inner
def count_changed_value_row(plane: Any, other: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of one row in which two planes differ."""
    row, row2 = plane[y], other[y]
    total: Any = 0
    while left < right:
        end = right if right < left + STEP else left + STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8(row[x] != row2[x]))
        total += np.int64(count)
        left = end
    return total


@inlined
def box(
    count: Any, source: Any, key: Any, top: Any, bottom: Any, left: Any, right: Any
) -> tuple[int, int, int, int, int]:
    """Return the number of matches in a clipped region and their bounding box."""
    total = 0
    box_top, box_bottom, box_left, box_right = -1, -1, right, left
    for y in range(top, bottom):
        hits = count(source, key, y, left, right)
        if hits == 0:
            continue
        if total == 0:
            box_top = y
        box_bottom = y + 1
        total += hits
        # Bisect for the first match left of the box so far, and for the last one right of it.
        low, high = left, box_left
        if count(source, key, y, low, high) > 0:
            while high - low > 1:
                middle = (low + high) >> 1
                if count(source, key, y, low, middle) > 0:
                    high = middle
                else:
                    low = middle
            box_left = low
        low, high = box_right, right
        if count(source, key, y, low, high) > 0:
            while high - low > 1:
                middle = (low + high) >> 1
                if count(source, key, y, middle, high) > 0:
                    low = middle
                else:
                    high = middle
            box_right = high
    if total == 0:
        return 0, -1, -1, -1, -1
    return total, box_top, box_bottom, box_left, box_right
