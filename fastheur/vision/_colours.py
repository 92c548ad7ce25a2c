"""Finds and counts the pixels of one colour in an RGB frame."""

import math

import numpy as np

from fastheur.vision._compiling import Array, helper
from fastheur.vision._regions import clip, clip_edge
from fastheur.vision._rows import STEP, box, count_colour_row


@helper
def count_colour(frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int) -> int:
    """Count the pixels of exactly one colour.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        int: the number of pixels, 0 if there is none.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    count = 0
    for y in range(top, bottom):
        count += count_colour_row(frame, key, y, left, right)
    return count


@helper
def find_colour(frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int) -> tuple[int, int]:
    """Find the first pixel of a colour: the leftmost one of the topmost row that has any.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int): ``(y, x)`` of the pixel, ``(-1, -1)`` if there is none.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    for y in range(top, bottom):
        if count_colour_row(frame, key, y, left, right) > 0:
            for x in range(left, right):
                if frame[0, y, x] == key[0] and frame[1, y, x] == key[1] and frame[2, y, x] == key[2]:
                    return y, x
    return -1, -1


@helper
def bounding_box(
    frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int
) -> tuple[int, int, int, int, int]:
    """Find the smallest box around all pixels of a colour.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int, int, int, int): ``(count, top, bottom, left, right)``, the number of pixels and their half-open box,
        ``(0, -1, -1, -1, -1)`` if there is none.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    return box(count_colour_row, frame, (np.uint8(r), np.uint8(g), np.uint8(b)), top, bottom, left, right)


@helper
def centroid(
    frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int
) -> tuple[int, float, float]:
    """Find the mean position of all pixels of a colour.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, float, float): ``(count, y, x)``, the number of pixels and the mean of their positions,
        ``(0, -1.0, -1.0)`` if there is none.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    count, sum_of_y, sum_of_x = 0, 0, 0
    for y in range(top, bottom):
        for start in range(left, right, STEP):
            end = right if right < start + STEP else start + STEP
            hits = count_colour_row(frame, key, y, start, end)
            if hits > 0:
                red, green, blue = frame[0, y], frame[1, y], frame[2, y]
                offsets = np.uint16(0)
                for x in range(np.uint64(start), np.uint64(end)):
                    offsets = np.uint16(
                        offsets
                        + np.uint16((red[x] == key[0]) & (green[x] == key[1]) & (blue[x] == key[2]))
                        * np.uint16(x - np.uint64(start))
                    )
                count += hits
                sum_of_y += hits * y
                sum_of_x += hits * start + np.int64(offsets)
    if count == 0:
        return 0, -1.0, -1.0
    return count, sum_of_y / count, sum_of_x / count


@helper
def nearest_colour(
    frame: Array, r: int, g: int, b: int, y: float, x: float, top: int, bottom: int, left: int, right: int
) -> tuple[int, int, float]:
    """Find the pixel of a colour nearest to a point, by Euclidean distance between pixel centres.

    The point need not lie in the region.  Of pixels at the same distance the topmost is taken, and of these the
    leftmost.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        y, x: the point, in pixels, integers or floats; an infinite or NaN coordinate finds nothing.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int, float): ``(y, x, distance)``, the pixel and its distance in pixels, ``(-1, -1, -1.0)`` if there is
        none.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    best, best_y, best_x = math.inf, -1, -1
    start = clip_edge(y, bottom)
    if start < top:
        start = top
    for turn in range(2 * (bottom - top)):  # the rows start, start - 1, start + 1, start - 2, ...
        row = start - 1 - (turn >> 1) if turn & 1 else start + (turn >> 1)
        dy2 = (row - y) * (row - y)
        if row < top or row >= bottom or dy2 > best:
            continue
        reach = math.sqrt(best - dy2) + 1.0
        first, end = clip_edge(x - reach, right), clip_edge(x + reach + 1.0, right)
        if first < left:
            first = left
        if count_colour_row(frame, key, row, first, end) == 0:
            continue
        for column in range(first, end):
            if frame[0, row, column] == key[0] and frame[1, row, column] == key[1] and frame[2, row, column] == key[2]:
                distance2 = dy2 + (column - x) * (column - x)
                if distance2 < best or (distance2 == best and row < best_y):
                    best, best_y, best_x = distance2, row, column
    if best_y < 0:
        return -1, -1, -1.0
    return best_y, best_x, math.sqrt(best)


@helper
def count_in_rows(
    frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int, out: Array
) -> int:
    """Count the pixels of a colour in every row.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.
        out: 1-D array, overwritten: ``out[y]`` becomes the count in frame row ``y``, 0 for rows outside the region.
            Its type must hold counts up to W.  Rows from ``len(out)`` on are left out.

    Returns:
        int: the sum of the counts written.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    total = 0
    for y in range(out.shape[0]):
        hits = 0
        if top <= y < bottom:
            hits = count_colour_row(frame, key, y, left, right)
        out[y] = hits
        total += hits
    return total


@helper
def count_in_columns(
    frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int, out: Array
) -> int:
    """Count the pixels of a colour in every column.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.
        out: 1-D array, overwritten: ``out[x]`` becomes the count in frame column ``x``, 0 for columns outside the
            region.  Its type must hold counts up to H.  Columns from ``len(out)`` on are left out.

    Returns:
        int: the sum of the counts written.
    """
    top, bottom, left, right = clip(frame, r | g | b, top, bottom, left, right)
    if right > out.shape[0]:
        right = out.shape[0]
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    for x in range(out.shape[0]):
        out[x] = 0
    total = 0
    for y in range(top, bottom):
        hits = count_colour_row(frame, key, y, left, right)
        if hits > 0:
            total += hits
            red, green, blue = frame[0, y], frame[1, y], frame[2, y]
            for x in range(np.uint64(left), np.uint64(right)):
                out[x] += (red[x] == key[0]) & (green[x] == key[1]) & (blue[x] == key[2])
    return total
