"""Finds objects of one colour in an RGB frame: blobs of connected pixels."""

import math
from typing import Any

import numpy as np

from fastheur.vision._compiling import Array, helper, inner
from fastheur.vision._regions import clip
from fastheur.vision._rows import count_colour_row


@inner
def _fill_mask(mask: Any, frame: Any, key: Any, top: Any, bottom: Any, left: Any, right: Any) -> Any:
    """Set mask[1 + y - top, 1 + x - left] to 1 for every pixel of the region that has the colour, the rest to 0."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            mask[i, j] = 0
    for y in range(top, bottom):
        row, red, green, blue = mask[1 + y - top], frame[0, y], frame[1, y], frame[2, y]
        for x in range(np.uint64(left), np.uint64(right)):
            column = x - np.uint64(left) + np.uint64(1)
            row[column] = (red[x] == key[0]) & (green[x] == key[1]) & (blue[x] == key[2])


@inner
def _erase_blob(mask: Any, stack: Any, i: Any, j: Any, y: Any, x: Any) -> Any:
    """Erase the 4-connected blob at (i, j) of a mask whose border is 0.

    Returns its area, sum of i, sum of j, box (top, bottom, left, right) and least squared distance to (y, x).
    """
    top, bottom, left, right = i, i, j, j
    area, sum_i, sum_j, pending, best = 0, 0, 0, 1, math.inf
    mask[i, j] = 0
    stack[0, 0], stack[0, 1] = i, j
    while pending > 0:
        pending -= 1
        i, j = stack[pending, 0], stack[pending, 1]
        area += 1
        sum_i += i
        sum_j += j
        top, bottom = i if i < top else top, i if i > bottom else bottom
        left, right = j if j < left else left, j if j > right else right
        distance2 = (i - y) * (i - y) + (j - x) * (j - x)
        if distance2 < best:
            best = distance2
        for side in range(4):
            next_i, next_j = i + (side == 0) - (side == 1), j + (side == 2) - (side == 3)
            if mask[next_i, next_j]:
                mask[next_i, next_j] = 0
                stack[pending, 0], stack[pending, 1] = next_i, next_j
                pending += 1
    return area, sum_i, sum_j, top, bottom + 1, left, right + 1, best


@helper
def nearest_object(
    frame: Array,
    r: int,
    g: int,
    b: int,
    y: float,
    x: float,
    min_area: int,
    top: int,
    bottom: int,
    left: int,
    right: int,
) -> tuple[int, float, float, int, int, int, int]:
    """Find the nearest object of a colour: a 4-connected blob of at least ``min_area`` pixels.

    Pixels touching only at a corner do not connect, and pixels outside the region do not count.  The distance of a
    blob is that of its pixel nearest to the point (Euclidean, between pixel centres).  Of blobs at the same distance
    the one whose first pixel in row-major order comes first is taken.  Every pixel of the colour in the region is
    visited once, so the time grows with their number: prefer a tight region, and colours other than the background.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        y, x: the point, in pixels, integers or floats; an infinite or NaN coordinate finds nothing.
        min_area: least number of pixels of an object; 1 or less accepts all.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, float, float, int, int, int, int): ``(count, y, x, top, bottom, left, right)``, the number of pixels of
        the object, its centroid and its half-open box, ``(0, -1.0, -1.0, -1, -1, -1, -1)`` if there is none.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    count, first, end = 0, top, top  # no literal zeros, whose type would compile _fill_mask once more
    for row in range(top, bottom):
        hits = count_colour_row(frame, key, row, left, right)
        if hits > 0:
            first = row if count == 0 else first
            end = row + 1
            count += hits
    if count == 0 or count < min_area:
        return 0, -1.0, -1.0, -1, -1, -1, -1
    mask = np.empty((end - first + 2, right - left + 2), np.int32)
    stack = np.empty((count, 2), np.int32)
    _fill_mask(mask, frame, key, first, end, left, right)
    top, left = first - 1, left - 1  # from here on the frame position of mask[0, 0]
    best, area, mean_y, mean_x = math.inf, 0, -1.0, -1.0
    box_top, box_bottom, box_left, box_right = -1, -1, -1, -1
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            if mask[i, j]:
                blob = _erase_blob(mask, stack, i, j, y - top, x - left)
                if blob[0] >= min_area and blob[7] < best:
                    best, area = blob[7], blob[0]
                    mean_y, mean_x = (blob[1] + top * area) / area, (blob[2] + left * area) / area
                    box_top, box_bottom, box_left, box_right = (
                        top + blob[3],
                        top + blob[4],
                        left + blob[5],
                        left + blob[6],
                    )
    return area, mean_y, mean_x, box_top, box_bottom, box_left, box_right
