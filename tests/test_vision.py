"""Compares every helper of fastheur.vision with a slow NumPy twin, called from compiled code and from plain Python."""

import math
import sys
from collections import Counter
from pathlib import Path

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba.core import event

from fastheur import author_code, gaits, policy, vision
from fastheur.kernel import helper_files

NOTHING = 0, -1, -1, -1, -1
SETTINGS = settings(derandomize=True, deadline=None, max_examples=80)
WIDTHS = st.one_of(st.integers(1, 40), st.sampled_from([254, 255, 256, 300, 511, 600]))
VALUES = st.sampled_from([0, 1, 255] * 4 + [-1, 256, 257, -255])


def call_all(frame, other, r, g, b, y, x, top, bottom, left, right, rows, columns, out):
    """Call every helper but nearest_object and write what they return to out."""
    out[0] = vision.count_colour(frame, r, g, b, top, bottom, left, right)
    out[1], out[2] = vision.find_colour(frame, r, g, b, top, bottom, left, right)
    out[3], out[4], out[5], out[6], out[7] = vision.bounding_box(frame, r, g, b, top, bottom, left, right)
    out[8], out[9], out[10] = vision.centroid(frame, r, g, b, top, bottom, left, right)
    out[11], out[12], out[13] = vision.nearest_colour(frame, r, g, b, y, x, top, bottom, left, right)
    out[14] = vision.count_in_rows(frame, r, g, b, top, bottom, left, right, rows)
    out[15] = vision.count_in_columns(frame, r, g, b, top, bottom, left, right, columns)
    plane, plane2 = frame[1], other[1]
    out[16] = vision.count_value(plane, g, top, bottom, left, right)
    out[17], out[18], out[19], out[20], out[21] = vision.box_value(plane, g, top, bottom, left, right)
    out[22], out[23], out[24] = vision.centroid_value(plane, g, top, bottom, left, right)
    out[25] = vision.frame_difference_count(frame, other, top, bottom, left, right)
    out[26], out[27], out[28], out[29], out[30] = vision.frame_difference_box(frame, other, top, bottom, left, right)
    out[31] = vision.frame_difference_count(plane, plane2, top, bottom, left, right)
    out[32], out[33], out[34], out[35], out[36] = vision.frame_difference_box(plane, plane2, top, bottom, left, right)


def call_object(frame, r, g, b, y, x, min_area, top, bottom, left, right):
    return vision.nearest_object(frame, r, g, b, y, x, min_area, top, bottom, left, right)


compiled_all = numba.njit(boundscheck=True)(call_all)
compiled_object = numba.njit(boundscheck=True)(call_object)


def inside(shape, region):
    """Return a mask of the pixels of a region."""
    ys, xs = np.indices(shape)
    top, bottom, left, right = region
    return (ys >= top) & (ys < bottom) & (xs >= left) & (xs < right)


def colour_mask(frame, colour, region):
    return (frame == np.reshape(colour, (3, 1, 1))).all(0) & inside(frame.shape[1:], region)


def box_of(mask):
    ys, xs = np.nonzero(mask)
    return (len(ys), ys.min(), ys.max() + 1, xs.min(), xs.max() + 1) if len(ys) else NOTHING


def centroid_of(mask):
    ys, xs = np.nonzero(mask)
    return (len(ys), ys.sum() / len(ys), xs.sum() / len(xs)) if len(ys) else (0, -1, -1)


def nearest_of(mask, y, x):
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return -1, -1, -1
    squares = (ys - y) ** 2 + (xs - x) ** 2
    best = squares.argmin()
    return ys[best], xs[best], math.sqrt(squares[best])


def blobs_of(mask):
    """Return one mask for each 4-connected blob, in the row-major order of their first pixels."""
    left, blobs = mask.copy(), []
    for start in np.argwhere(mask):
        if not left[tuple(start)]:
            continue
        blob = np.zeros_like(mask)
        blob[tuple(start)] = True
        while True:
            grown = blob.copy()
            grown[1:] |= blob[:-1]
            grown[:-1] |= blob[1:]
            grown[:, 1:] |= blob[:, :-1]
            grown[:, :-1] |= blob[:, 1:]
            grown &= mask
            if (grown == blob).all():
                break
            blob = grown
        left &= ~blob
        blobs.append(blob)
    return blobs


def object_of(mask, y, x, min_area):
    blobs = [blob for blob in blobs_of(mask) if blob.sum() >= min_area]
    if not blobs:
        return 0, -1, -1, -1, -1, -1, -1
    best = min(blobs, key=lambda blob: nearest_of(blob, y, x)[2])  # min keeps the first of equals
    return *centroid_of(best), *box_of(best)[1:]


def expected_all(frame, other, colour, y, x, region):
    mask = colour_mask(frame, colour, region)
    first = np.argwhere(mask)[0] if mask.any() else (-1, -1)
    value = (frame[1] == colour[1]) & inside(mask.shape, region)
    changed = (frame != other).any(0) & inside(mask.shape, region)
    changed_value = (frame[1] != other[1]) & inside(mask.shape, region)
    parts = [mask.sum()], first, box_of(mask), centroid_of(mask), nearest_of(mask, y, x), [mask.sum(), mask.sum()]
    parts += [value.sum()], box_of(value), centroid_of(value), [changed.sum()], box_of(changed)
    parts += [changed_value.sum()], box_of(changed_value)
    return mask, np.concatenate([np.asarray(part, float) for part in parts])


@st.composite
def scenes(draw, widths=WIDTHS, values=VALUES):
    """Draw two frames, a colour, a point and a region that may be anywhere, empty or reversed."""
    height, width = draw(st.integers(1, 12)), draw(widths)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from([0.003, 0.05, 0.5]))
    frames = np.where(rng.random((2, 3, height, width)) < share, rng.choice([1, 255], (2, 3, height, width)), 0)
    frames = frames.astype(np.uint8)
    if draw(st.booleans()):  # a second frame that differs in few pixels, and all channels alike
        frames[0, 1:] = frames[0, 0]
        frames[1] = np.where(rng.random((height, width)) < share, frames[1], frames[0])
    colour = (draw(values),) * 3 if draw(st.booleans()) else (draw(values), draw(values), draw(values))
    edges = [st.integers(-3, size + 3) for size in (height, width)]
    anywhere = draw(edges[0]), draw(edges[0]), draw(edges[1]), draw(edges[1])
    region = (0, height, 0, width) if draw(st.booleans()) else anywhere
    y, x = draw(st.integers(-8, 4 * height + 8)) / 4, draw(st.integers(-8, 4 * width + 8)) / 4
    return frames[0], frames[1], colour, y, x, region


def strided(frame):
    """Return an equal frame that is contiguous in no order."""
    wide = np.zeros((*frame.shape[:2], 2 * frame.shape[2]), np.uint8)
    wide[:, :, ::2] = frame
    return wide[:, :, ::2]


@SETTINGS
@given(scenes())
def test_helpers_equal_numpy(scene):
    frame, other, colour, y, x, region = scene
    mask, expected = expected_all(*scene)
    for call, a, b in ((compiled_all, frame, other), (call_all, strided(frame), strided(other))):
        rows, columns, out = np.full(frame.shape[1], 7), np.full(frame.shape[2], 7), np.zeros(37)
        call(a, b, *colour, y, x, *region, rows, columns, out)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(rows, mask.sum(1))
        np.testing.assert_array_equal(columns, mask.sum(0))


@SETTINGS
@given(scenes(widths=st.integers(1, 16), values=st.sampled_from([0, 1, 256])), st.integers(-1, 12))
def test_nearest_object_equals_numpy(scene, min_area):
    frame, _, colour, y, x, region = scene
    expected = object_of(colour_mask(frame, colour, region), y, x, min_area)
    arguments = *colour, y, x, min_area, *region
    assert compiled_object(frame, *arguments) == expected
    assert call_object(strided(frame), *arguments) == expected


def test_nearest_object_of_a_whole_frame():
    frame = np.ones((3, 210, 160), np.uint8)
    assert compiled_object(frame, 1, 1, 1, 0.0, 0.0, 1, 0, 210, 0, 160) == (33600, 104.5, 79.5, 0, 210, 0, 160)


def test_profiles_stop_at_the_end_of_out():
    frame = np.ones((3, 4, 5), np.uint8)
    rows, columns, out = np.zeros(3, int), np.zeros(9, int), np.zeros(37)
    compiled_all(frame, frame, 1, 1, 1, 0.0, 0.0, 1, 4, 3, 5, rows, columns[:4], out)
    assert (rows.tolist(), out[14]) == ([0, 2, 2], 4)
    assert (columns.tolist(), out[15]) == ([0, 0, 0, 3, 0, 0, 0, 0, 0], 3)


def test_region_may_be_of_any_number():
    frame = np.ones((3, 4, 5), np.uint8)
    region = np.uint8(1), np.uint64(3), 1, 4
    assert vision.count_colour(frame, 1, 1, 1, *region) == 6
    assert vision.count_colour(frame, 1, 1, 1, 1.9, 3.2, -math.inf, math.inf) == 10
    assert vision.count_colour(frame, 1, 1, 1, math.nan, 3.2, 0.0, 5.0) == 15
    assert vision.count_colour(frame, 1, 1, 1, 0.0, math.nan, 0.0, 5.0) == 0


def test_no_finite_point_finds_nothing():
    frame = np.ones((3, 4, 5), np.uint8)
    for y, x in ((math.nan, 1.0), (1.0, math.nan), (math.inf, 1.0), (1.0, -math.inf)):
        out = np.zeros(37)
        compiled_all(frame, frame, 1, 1, 1, y, x, 0, 4, 0, 5, np.zeros(4, int), np.zeros(5, int), out)
        assert out[11:14].tolist() == [-1, -1, -1]
        assert compiled_object(frame, 1, 1, 1, y, x, 1, 0, 4, 0, 5) == (0, -1.0, -1.0, -1, -1, -1, -1)


def test_wrong_shapes_raise():
    two = np.ones((2, 4, 5), np.uint8)
    frame = np.ones((3, 4, 5), np.uint8)
    with pytest.raises(ValueError, match="shape"):
        vision.count_colour(two, 1, 1, 1, 0, 4, 0, 5)
    with pytest.raises(ValueError, match="shape"):
        vision.frame_difference_count(two, two, 0, 4, 0, 5)
    with pytest.raises(ValueError, match="same shape"):
        vision.frame_difference_count(frame, frame[:, :, :4].copy(), 0, 4, 0, 5)


class Compilations(event.Listener):
    """Counts how often each function is compiled."""

    def __init__(self):
        self.counts = Counter()

    def on_start(self, event):
        pass

    def on_end(self, event):
        self.counts[event.data["dispatcher"].py_func.__name__] += 1


def test_every_module_of_the_helpers_is_part_of_the_key_of_compiled_kernels():
    loaded = {Path(module.__file__) for name, module in sys.modules.items() if name.startswith("fastheur.vision")}
    assert len(loaded) > 5
    assert {Path(author_code.__file__), Path(policy.__file__), Path(gaits.__file__), *loaded} == set(helper_files())


def test_the_mask_of_an_object_search_compiles_once():
    @numba.njit
    def kernel(frame):
        return vision.nearest_object(frame, 1, 1, 1, 0.0, 0.0, 1, 0, 4, 0, 5)[0]

    compilations = Compilations()
    with event.install_listener("numba:compile", compilations):
        assert kernel(np.asfortranarray(np.ones((3, 4, 5), np.uint8))) == 20
    assert compilations.counts["_fill_mask"] == 1


def test_constants_do_not_compile_anew():
    @numba.njit
    def kernel(plane):
        return vision.count_value(plane, 1, 0, 4, 0, 5) + vision.count_value(plane, 2, 1, 3, 1, 5)

    compilations = Compilations()
    with event.install_listener("numba:compile", compilations):
        assert kernel(np.asfortranarray(np.ones((4, 5), np.uint8))) == 20
    assert compilations.counts["kernel"] == compilations.counts["count_value"] == 1
