"""Find colours, values and changes in image frames, from compiled policies or from plain Python.

Every function here is compiled by Numba, so the scalar ``act`` of a policy may call it on the frame of one
environment, and plain Python may call it as well.

Frames
    A *frame* is an RGB image, ``uint8[3, H, W]`` (channel first).  A *plane* is one channel, ``uint8[H, W]``: grey
    levels or palette indices.  C-contiguous arrays, such as ``obs[i]`` of a batch, are fastest (the row loops use
    vector instructions); any other memory layout works too.

Regions
    Each function looks only at the half-open region ``top <= y < bottom``, ``left <= x < right``, in pixels from the
    top left corner of the frame.  The region is clipped to the frame first, so it may stick out of the frame; an
    empty or reversed region holds no pixel.  Fractional bounds are truncated toward zero.

Positions
    Positions and boxes returned are in pixels of the whole frame, never relative to the region.  Boxes are half-open,
    in the order ``top, bottom, left, right``.

Nothing found
    Counts are 0, and every coordinate, box edge and distance is -1.

Colours outside 0..255 match nothing.  A frame that has not exactly three channels raises ``ValueError``.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numba.extending
import numpy as np
import numpy.typing as npt

__all__ = [
    "bounding_box",
    "box_value",
    "centroid",
    "centroid_value",
    "count_colour",
    "count_in_columns",
    "count_in_rows",
    "count_value",
    "find_colour",
    "frame_difference_box",
    "frame_difference_count",
    "nearest_colour",
    "nearest_object",
]

Array = npt.NDArray[Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

# Every access is inside the frame because regions are clipped first; bounds checks would only prevent vectorisation.
# The entry point for C, which nothing uses, takes long to compile; so does the one for Python, where it is not needed.
_OPTIONS: dict[str, Any] = {"boundscheck": False, "nogil": True, "no_cfunc_wrapper": True}
_INNER_OPTIONS: Any = _OPTIONS | {"no_cpython_wrapper": True}
_inner: Callable[[_Function], _Function] = numba.njit(**_INNER_OPTIONS)
_inlined: Callable[[_Function], _Function] = numba.njit(**_INNER_OPTIONS, inline="always")


def _helper(function: _Function) -> _Function:
    """Make ``function`` callable from compiled code and from Python.

    Compiled code gets an overload instead of a plain ``numba.njit`` function: the latter would be compiled anew for
    every constant it is called with, so two colours would take twice as long to compile as one.
    """
    compiled = numba.njit(**_OPTIONS)(function)

    @functools.wraps(function)
    def helper(*args: Any, **kwargs: Any) -> Any:
        return compiled(*args, **kwargs)

    numba.extending.overload(helper, jit_options=_INNER_OPTIONS, strict=False)(lambda *args, **kwargs: function)
    return cast(_Function, helper)


# Pixels per step of a row loop: a count of 255 fits in 8 bits and a sum of offsets below 255 fits in 16 bits, which
# lets the compiler use the widest vectors.
_STEP = 255


# ---- regions -------------------------------------------------------------------------------------------------------


@_inner
def _clip_edge(edge: Any, size: Any) -> Any:
    """Return one edge of a region as an integer from 0 to size; NaN becomes 0."""
    if not edge > 0:
        return 0
    if edge >= size:
        return size
    return np.int64(edge)


@_inner
def _clip(frame: Any, bits: Any, top: Any, bottom: Any, left: Any, right: Any) -> Any:
    """Return the region clipped to a frame or plane, with top < bottom and left < right, or all zeros if it is empty.

    It is also empty if ``bits``, the sought values or-ed together, has a bit that no byte has.
    """
    if frame.ndim == 3 and frame.shape[0] != 3:
        raise ValueError("an RGB frame must have the shape (3, H, W)")
    height, width = frame.shape[-2], frame.shape[-1]
    top, bottom = _clip_edge(top, height), _clip_edge(bottom, height)
    left, right = _clip_edge(left, width), _clip_edge(right, width)
    if top >= bottom or left >= right or bits & ~255:
        return 0, 0, 0, 0
    return top, bottom, left, right


# ---- row counters --------------------------------------------------------------------------------------------------
# A row counter count(source, key, y, left, right) returns how many pixels of row y match.  The searches below take
# one as an argument, which Numba resolves when it compiles.  Unsigned loop variables spare the wraparound of negative
# indices, and the casts keep the accumulators narrow.


@_inner
def _count_colour_row(frame: Any, key: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of a colour in one row of an RGB frame."""
    red, green, blue = frame[0, y], frame[1, y], frame[2, y]
    r, g, b = key
    total: Any = 0
    while left < right:
        end = right if right < left + _STEP else left + _STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8((red[x] == r) & (green[x] == g) & (blue[x] == b)))
        total += np.int64(count)
        left = end
    return total


@_inner
def _count_value_row(plane: Any, value: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of a value in one row of a plane."""
    row = plane[y]
    total: Any = 0
    while left < right:
        end = right if right < left + _STEP else left + _STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8(row[x] == value))
        total += np.int64(count)
        left = end
    return total


@_inner
def _count_changed_colour_row(frame: Any, other: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of one row in which two RGB frames differ."""
    red, green, blue = frame[0, y], frame[1, y], frame[2, y]
    red2, green2, blue2 = other[0, y], other[1, y], other[2, y]
    total: Any = 0
    while left < right:
        end = right if right < left + _STEP else left + _STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8((red[x] != red2[x]) | (green[x] != green2[x]) | (blue[x] != blue2[x])))
        total += np.int64(count)
        left = end
    return total


@_inner
def _count_changed_value_row(plane: Any, other: Any, y: Any, left: Any, right: Any) -> Any:
    """Count the pixels of one row in which two planes differ."""
    row, row2 = plane[y], other[y]
    total: Any = 0
    while left < right:
        end = right if right < left + _STEP else left + _STEP
        count = np.uint8(0)
        for x in range(np.uint64(left), np.uint64(end)):
            count = np.uint8(count + np.uint8(row[x] != row2[x]))
        total += np.int64(count)
        left = end
    return total


# ---- searches over a clipped region --------------------------------------------------------------------------------


@_inlined
def _box(
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


# ---- RGB frames ----------------------------------------------------------------------------------------------------


@_helper
def count_colour(frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int) -> int:
    """Count the pixels of exactly one colour.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        int: the number of pixels, 0 if there is none.
    """
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    count = 0
    for y in range(top, bottom):
        count += _count_colour_row(frame, key, y, left, right)
    return count


@_helper
def find_colour(frame: Array, r: int, g: int, b: int, top: int, bottom: int, left: int, right: int) -> tuple[int, int]:
    """Find the first pixel of a colour: the leftmost one of the topmost row that has any.

    Args:
        frame: RGB frame, uint8[3, H, W].
        r, g, b: the colour, integers.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int): ``(y, x)`` of the pixel, ``(-1, -1)`` if there is none.
    """
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    for y in range(top, bottom):
        if _count_colour_row(frame, key, y, left, right) > 0:
            for x in range(left, right):
                if frame[0, y, x] == key[0] and frame[1, y, x] == key[1] and frame[2, y, x] == key[2]:
                    return y, x
    return -1, -1


@_helper
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
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    return _box(_count_colour_row, frame, (np.uint8(r), np.uint8(g), np.uint8(b)), top, bottom, left, right)


@_helper
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
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    count, sum_of_y, sum_of_x = 0, 0, 0
    for y in range(top, bottom):
        for start in range(left, right, _STEP):
            end = right if right < start + _STEP else start + _STEP
            hits = _count_colour_row(frame, key, y, start, end)
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


@_helper
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
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    best, best_y, best_x = math.inf, -1, -1
    start = _clip_edge(y, bottom)
    if start < top:
        start = top
    for turn in range(2 * (bottom - top)):  # the rows start, start - 1, start + 1, start - 2, ...
        row = start - 1 - (turn >> 1) if turn & 1 else start + (turn >> 1)
        dy2 = (row - y) * (row - y)
        if row < top or row >= bottom or dy2 > best:
            continue
        reach = math.sqrt(best - dy2) + 1.0
        first, end = _clip_edge(x - reach, right), _clip_edge(x + reach + 1.0, right)
        if first < left:
            first = left
        if _count_colour_row(frame, key, row, first, end) == 0:
            continue
        for column in range(first, end):
            if frame[0, row, column] == key[0] and frame[1, row, column] == key[1] and frame[2, row, column] == key[2]:
                distance2 = dy2 + (column - x) * (column - x)
                if distance2 < best or (distance2 == best and row < best_y):
                    best, best_y, best_x = distance2, row, column
    if best_y < 0:
        return -1, -1, -1.0
    return best_y, best_x, math.sqrt(best)


@_inner
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


@_inner
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


@_helper
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
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    count, first, end = 0, 0, 0
    for row in range(top, bottom):
        hits = _count_colour_row(frame, key, row, left, right)
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


@_helper
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
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    total = 0
    for y in range(out.shape[0]):
        hits = 0
        if top <= y < bottom:
            hits = _count_colour_row(frame, key, y, left, right)
        out[y] = hits
        total += hits
    return total


@_helper
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
    top, bottom, left, right = _clip(frame, r | g | b, top, bottom, left, right)
    if right > out.shape[0]:
        right = out.shape[0]
    key = (np.uint8(r), np.uint8(g), np.uint8(b))
    for x in range(out.shape[0]):
        out[x] = 0
    total = 0
    for y in range(top, bottom):
        hits = _count_colour_row(frame, key, y, left, right)
        if hits > 0:
            total += hits
            red, green, blue = frame[0, y], frame[1, y], frame[2, y]
            for x in range(np.uint64(left), np.uint64(right)):
                out[x] += (red[x] == key[0]) & (green[x] == key[1]) & (blue[x] == key[2])
    return total


# ---- single planes -------------------------------------------------------------------------------------------------


@_helper
def count_value(plane: Array, value: int, top: int, bottom: int, left: int, right: int) -> int:
    """Count the pixels of one value.

    Args:
        plane: grey levels or palette indices, uint8[H, W].
        value: the value, an integer.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        int: the number of pixels, 0 if there is none.
    """
    top, bottom, left, right = _clip(plane, value, top, bottom, left, right)
    key = np.uint8(value)
    count = 0
    for y in range(top, bottom):
        count += _count_value_row(plane, key, y, left, right)
    return count


@_helper
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
    top, bottom, left, right = _clip(plane, value, top, bottom, left, right)
    return _box(_count_value_row, plane, np.uint8(value), top, bottom, left, right)


@_helper
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
    top, bottom, left, right = _clip(plane, value, top, bottom, left, right)
    key = np.uint8(value)
    count, sum_of_y, sum_of_x = 0, 0, 0
    for y in range(top, bottom):
        for start in range(left, right, _STEP):
            end = right if right < start + _STEP else start + _STEP
            hits = _count_value_row(plane, key, y, start, end)
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


# ---- two frames or two planes --------------------------------------------------------------------------------------


@_helper
def frame_difference_count(a: Array, b: Array, top: int, bottom: int, left: int, right: int) -> int:
    """Count the pixels that differ between two frames, or between two planes.

    Args:
        a, b: two RGB frames, uint8[3, H, W], or two planes, uint8[H, W], of the same shape.  A pixel of a frame
            differs if any of its channels does.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        int: the number of pixels, 0 if there is none.

    Raises:
        ValueError: if the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError("the two frames must have the same shape")
    top, bottom, left, right = _clip(a, top & 0, top, bottom, left, right)
    count = 0
    for y in range(top, bottom):
        if a.ndim == 3:
            count += _count_changed_colour_row(a, b, y, left, right)
        else:
            count += _count_changed_value_row(a, b, y, left, right)
    return count


@_helper
def frame_difference_box(
    a: Array, b: Array, top: int, bottom: int, left: int, right: int
) -> tuple[int, int, int, int, int]:
    """Find the smallest box around all pixels that differ between two frames, or between two planes.

    Args:
        a, b: two RGB frames, uint8[3, H, W], or two planes, uint8[H, W], of the same shape.  A pixel of a frame
            differs if any of its channels does.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int, int, int, int): ``(count, top, bottom, left, right)``, the number of pixels and their half-open box,
        ``(0, -1, -1, -1, -1)`` if there is none.

    Raises:
        ValueError: if the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError("the two frames must have the same shape")
    top, bottom, left, right = _clip(a, top & 0, top, bottom, left, right)
    if a.ndim == 3:
        return _box(_count_changed_colour_row, a, b, top, bottom, left, right)
    return _box(_count_changed_value_row, a, b, top, bottom, left, right)
