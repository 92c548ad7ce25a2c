"""Numba's way to do what the compiled frame kernels do: contenders of the benchmark, on one thread, nothing else.

Arguments and results are those of ``fastheur._core``, except that checks, ``out`` and ``threads`` are left out, that
:func:`palette_index` takes its table and that :func:`connected_components` joins along edges only. Every function
wants C-contiguous arrays and allocates its result.

Unsigned loop variables spare Numba the wraparound of negative indices, and flat rows let it vectorise.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_LOW_BITS, _HIGH_BITS = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
_compiled = numba.njit(nogil=True, boundscheck=False, error_model="numpy", no_cfunc_wrapper=True)


def palette_lookup(palette: np.ndarray) -> np.ndarray:
    """Return the index of every colour there is, uint8 (2**24,), 255 where it is not in ``palette`` (uint8 (K, 3))."""
    red, green, blue = palette.astype(np.uint32).T
    lookup = np.full(1 << 24, 255, np.uint8)
    lookup[red << 16 | green << 8 | blue] = np.arange(len(palette))
    return lookup


@_compiled
def palette_index(frames: Any, lookup: Any) -> Any:
    """Palette indices uint8 (N, H, W) of frames uint8 (N, 3, H, W), by the table of :func:`palette_lookup`."""
    count, _, height, width = frames.shape
    out = np.empty((count, height, width), np.uint8)
    for n in range(count):
        red, green, blue, row = frames[n, 0].ravel(), frames[n, 1].ravel(), frames[n, 2].ravel(), out[n].ravel()
        for i in range(np.uint64(row.size)):
            row[i] = lookup[np.uint32(red[i]) << 16 | np.uint32(green[i]) << 8 | np.uint32(blue[i])]
    return out


@_compiled
def palette_rgb(index: Any, table: Any, out: Any) -> Any:
    """Frames uint8 (N, 3, H, W) of indices uint8 (N, H, W) into a table uint8 (256, 3); fills and returns ``out``."""
    for n in range(index.shape[0]):
        row = index[n].ravel()
        for channel in range(3):
            colours, plane = table[:, channel].copy(), out[n, channel].ravel()
            for i in range(np.uint64(row.size)):
                plane[i] = colours[row[i]]
    return out


@_compiled
def grey(frames: Any) -> Any:
    """Luminance uint8 (N, H, W) of frames uint8 (N, 3, H, W)."""
    count, _, height, width = frames.shape
    out = np.empty((count, height, width), np.uint8)
    for n in range(count):
        red, green, blue, row = frames[n, 0].ravel(), frames[n, 1].ravel(), frames[n, 2].ravel(), out[n].ravel()
        for i in range(np.uint64(row.size)):
            r, g, b = np.uint32(red[i]), np.uint32(green[i]), np.uint32(blue[i])
            total = np.uint32(9798) * r + np.uint32(19235) * g + np.uint32(3735) * b + np.uint32(16384)
            row[i] = np.uint8(np.uint32(total) >> np.uint32(15))
    return out


@_compiled
def crop(frames: Any, top: Any, bottom: Any, left: Any, right: Any) -> Any:
    """Contiguous copy of a box of frames uint8 (N, 3, H, W)."""
    out = np.empty((*frames.shape[:2], bottom - top, right - left), np.uint8)
    for n in range(out.shape[0]):
        for channel in range(out.shape[1]):
            source, target = frames[n, channel], out[n, channel]
            for y in range(out.shape[2]):
                row, into = source[top + y, left:right], target[y]
                for x in range(np.uint64(into.size)):
                    into[x] = row[x]
    return out


@_compiled
def frame_max(a: Any, b: Any) -> Any:
    """Elementwise maximum of two uint8 arrays."""
    out = np.empty_like(a)
    first, second, row = a.ravel(), b.ravel(), out.ravel()
    for i in range(np.uint64(row.size)):
        row[i] = first[i] if first[i] > second[i] else second[i]
    return out


@_compiled
def frame_difference(a: Any, b: Any) -> Any:
    """Elementwise absolute difference of two uint8 arrays."""
    out = np.empty_like(a)
    first, second, row = a.ravel(), b.ravel(), out.ravel()
    for i in range(np.uint64(row.size)):
        row[i] = np.uint8(first[i] - second[i]) if first[i] > second[i] else np.uint8(second[i] - first[i])
    return out


@_compiled
def colour_mask(frames: Any, colours: Any) -> Any:
    """One plane of 0 and 1 per colour, uint8 (N, K, H, W), of frames uint8 (N, 3, H, W)."""
    count, _, height, width = frames.shape
    out = np.empty((count, len(colours), height, width), np.uint8)
    for n in range(count):
        red, green, blue = frames[n, 0].ravel(), frames[n, 1].ravel(), frames[n, 2].ravel()
        for k in range(len(colours)):
            r, g, b, row = colours[k, 0], colours[k, 1], colours[k, 2], out[n, k].ravel()
            for i in range(np.uint64(row.size)):
                row[i] = (red[i] == r) & (green[i] == g) & (blue[i] == b)
    return out


@_compiled
def area_downsample(planes: Any, factor_y: Any, factor_x: Any) -> Any:
    """Mean over blocks of planes uint8 (N, H, W), rounded as the core does."""
    count, height, width = planes.shape[0], planes.shape[1] // factor_y, planes.shape[2] // factor_x
    out = np.empty((count, height, width), np.uint8)
    sums = np.empty(width * factor_x, np.uint16)
    scale = np.float32(np.float32(1) / np.float32(factor_y * factor_x))
    halves_up = factor_y == 2 and factor_x == 2
    for n in range(count):
        for y in range(height):
            sums[:] = 0
            for part in range(factor_y):
                row = planes[n, y * factor_y + part]
                for i in range(np.uint64(sums.size)):
                    sums[i] += row[i]
            _fold(sums, factor_x, scale, halves_up, out[n, y])
    return out


@_compiled
def _fold(sums: Any, factor: Any, scale: Any, halves_up: Any, row: Any) -> None:
    for x in range(np.uint64(row.size)):
        total = np.int32(0)
        for part in range(np.uint64(factor)):
            total += sums[x * np.uint64(factor) + part]
        row[x] = (total + 2) >> 2 if halves_up else np.uint8(np.rint(np.float32(total) * scale))


COMPONENT = np.dtype(
    [("area", "i4"), ("top", "i4"), ("bottom", "i4"), ("left", "i4"), ("right", "i4"), ("y", "f4"), ("x", "f4")]
)
_AREA, _TOP, _BOTTOM, _LEFT, _RIGHT, _SUM_Y, _SUM_X = range(7)


@_compiled
def _root(parent: Any, at: Any) -> Any:
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at


@_compiled
def _runs(row: Any, starts: Any, stops: Any) -> Any:
    """Write the half-open runs of set pixels of one row and return their number; 8 equal pixels go at once."""
    found, x, width = 0, 0, row.size
    words = row[: width // 8 * 8].view(np.uint64)
    while x < width:
        if x & 7 == 0 and x + 8 <= width and words[x >> 3] == 0:
            x += 8
        elif row[x] == 0:
            x += 1
        else:
            starts[found] = x
            while x < width and row[x] != 0:
                # No byte of the word is zero, by the classic test.
                whole = x & 7 == 0 and x + 8 <= width
                full = whole and (words[x >> 3] - _LOW_BITS) & ~words[x >> 3] & _HIGH_BITS == np.uint64(0)
                x += 8 if full else 1
            stops[found] = x
            found += 1
    return found


@_compiled
def _label(mask: Any, starts: Any, stops: Any, labels: Any, parent: Any, stats: Any) -> Any:
    """Join the runs of one mask into blobs, edges touching; return how many labels were used."""
    made, above = 0, 0
    for y in range(mask.shape[0]):
        now, before = y & 1, 1 - (y & 1)
        found, first = _runs(mask[y], starts[now], stops[now]), 0
        for run in range(found):
            start, stop = starts[now, run], stops[now, run]
            while first < above and stops[before, first] <= start:
                first += 1
            label, at = -1, first
            while at < above and starts[before, at] < stop:
                root = _root(parent, labels[before, at])
                if label < 0:
                    label = root
                elif label != root:
                    label, other = min(label, root), max(label, root)
                    parent[other] = label
                    _join(stats[label], stats[other])
                at += 1
            if label < 0:
                label = made
                made += 1
                parent[label] = label
                _clear(stats[label], y, start, stop)
            _add(stats[label], y, start, stop)
            labels[now, run] = label
        above = found
    return made


@_compiled
def _clear(row: Any, y: Any, start: Any, stop: Any) -> None:
    row[_AREA], row[_SUM_Y], row[_SUM_X] = 0, 0, 0
    row[_TOP], row[_BOTTOM], row[_LEFT], row[_RIGHT] = y, y + 1, start, stop


@_compiled
def _add(row: Any, y: Any, start: Any, stop: Any) -> None:
    length = stop - start
    row[_AREA] += length
    row[_SUM_Y] += length * y
    row[_SUM_X] += (start + stop - 1) * length // 2
    row[_BOTTOM] = y + 1
    row[_LEFT], row[_RIGHT] = min(row[_LEFT], start), max(row[_RIGHT], stop)


@_compiled
def _join(row: Any, other: Any) -> None:
    for column in (_AREA, _SUM_Y, _SUM_X):
        row[column] += other[column]
    row[_TOP], row[_BOTTOM] = min(row[_TOP], other[_TOP]), max(row[_BOTTOM], other[_BOTTOM])
    row[_LEFT], row[_RIGHT] = min(row[_LEFT], other[_LEFT]), max(row[_RIGHT], other[_RIGHT])


@_compiled
def _after(a: Any, b: Any) -> Any:
    """Whether a blob comes after another in the result; the earlier of equals keeps its place."""
    if a[_AREA] != b[_AREA]:
        return a[_AREA] < b[_AREA]
    if a[_TOP] != b[_TOP]:
        return a[_TOP] > b[_TOP]
    return a[_LEFT] > b[_LEFT]


@_compiled
def _select(stats: Any, parent: Any, made: Any, min_area: Any, best: Any) -> Any:
    """Insert the largest blobs in order into ``best`` and return how many blobs there are in all."""
    total = 0
    for label in range(made):
        if parent[label] != label or stats[label, _AREA] < min_area:
            continue
        place = min(total, best.size)
        while place > 0 and _after(stats[best[place - 1]], stats[label]):
            if place < best.size:
                best[place] = best[place - 1]
            place -= 1
        if place < best.size:
            best[place] = label
        total += 1
    return total


@_compiled
def connected_components(masks: Any, max_components: Any, min_area: Any = 1) -> Any:
    """Counts int32 (N,) and the largest components COMPONENT (N, max_components) of masks uint8 (N, H, W)."""
    count, height, width = masks.shape
    runs = width // 2 + 1
    starts, stops, labels = np.empty((2, runs), np.int32), np.empty((2, runs), np.int32), np.empty((2, runs), np.int32)
    parent, stats = np.empty(height * runs, np.int32), np.empty((height * runs, 7), np.int64)
    counts, components = np.zeros(count, np.int32), np.zeros((count, max_components), COMPONENT)
    best = np.empty(max_components, np.int32)
    for n in range(count):
        made = _label(masks[n], starts, stops, labels, parent, stats)
        counts[n] = _select(stats, parent, made, min_area, best)
        for place in range(min(counts[n], max_components)):
            row, component = stats[best[place]], components[n, place]
            component.area = row[_AREA]
            component.top, component.bottom = row[_TOP], row[_BOTTOM]
            component.left, component.right = row[_LEFT], row[_RIGHT]
            component.y = np.float32(row[_SUM_Y] / row[_AREA])
            component.x = np.float32(row[_SUM_X] / row[_AREA])
    return counts, components
