"""Frame kernels of the compiled core against their plain NumPy twins and, where it has them, OpenCV."""

import hashlib

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastheur import _core as core
from fastheur import _reference as twin

FEW = settings(derandomize=True, deadline=None, max_examples=40)
SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(1, 70))
LAYOUTS = st.sampled_from(["plain", "sliced", "reversed", "channel last", "stacked"])
THREADS = st.sampled_from([1, 2])


def laid_out(array, layout):
    """The same values in another memory layout."""
    if layout == "sliced":
        wide = np.zeros((*array.shape[:-1], array.shape[-1] * 2), np.uint8)
        wide[..., ::2] = array
        return wide[..., ::2]
    if layout == "reversed":
        return array[::-1, ..., ::-1].copy()[::-1, ..., ::-1]
    if layout == "channel last":
        return np.moveaxis(np.moveaxis(array, 1, -1).copy(), -1, 1)
    if layout == "stacked":
        tall = np.zeros((array.shape[0], array.shape[1] * 4, *array.shape[2:]), np.uint8)
        tall[:, array.shape[1] :][:, : array.shape[1]] = array
        return tall[:, array.shape[1] :][:, : array.shape[1]]
    return array


def coloured(seed, frames, height, width):
    """Frames in which flat stretches, busy stretches and colours outside the palette all occur."""
    rng = np.random.default_rng(seed)
    size = frames * height * width
    colours = np.concatenate([core.PALETTE, rng.integers(0, 256, (9, 3)).astype(np.uint8)])
    some = colours[rng.integers(0, len(colours), rng.integers(1, 40))]
    picks = np.repeat(rng.integers(0, len(some), size), rng.integers(1, 1 + rng.integers(1, 60), size))[:size]
    return np.ascontiguousarray(np.moveaxis(some[picks].reshape(frames, height, width, 3), 3, 1))


def byte_frames(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def same(fast, slow):
    assert fast.dtype == slow.dtype
    assert fast.shape == slow.shape
    np.testing.assert_array_equal(fast, slow)


@pytest.fixture(params=["special", "plain"], scope="module")
def code(request):
    """Runs a test with code for this processor in particular, and with code for any."""
    core._special(request.param == "special")
    yield
    core._special(True)


@FEW
@given(seed=SEEDS, shape=SHAPES, layout=LAYOUTS, threads=THREADS)
@example(seed=0, shape=(1, 40, 160), layout="plain", threads=1)
@example(seed=4, shape=(2, 63, 65), layout="plain", threads=2)
def test_palette_index_is_the_twins_for_any_shape_and_layout(code, seed, shape, layout, threads):
    frames = coloured(seed, *shape)
    same(core.palette_index(laid_out(frames, layout), threads=threads), twin.palette_index(frames))


def test_palette_index_is_the_twins_where_every_pixel_differs(code):
    index = np.random.default_rng(1).integers(0, 130, (2, 41, 67))
    frames = np.vstack([core.PALETTE, [[1, 2, 3], [0, 0, 1]]]).astype(np.uint8)[index].transpose(0, 3, 1, 2)
    same(core.palette_index(frames), twin.palette_index(frames))


@FEW
@given(seed=SEEDS, shape=SHAPES, layout=LAYOUTS.filter(lambda layout: layout != "channel last"), threads=THREADS)
@example(seed=0, shape=(2, 63, 65), layout="plain", threads=2)
def test_palette_rgb_is_the_twins_for_any_shape_and_layout(code, seed, shape, layout, threads):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (256, 3)).astype(np.uint8)
    some = rng.integers(0, 256, rng.integers(1, 9))
    index = some[np.repeat(rng.integers(0, len(some), np.prod(shape)), 5)[: np.prod(shape)]].astype(np.uint8)
    for planes in (index.reshape(shape), byte_frames(seed, *shape)):
        same(core.palette_rgb(laid_out(planes, layout), table, threads=threads), twin.palette_rgb(planes, table))


def test_palette_rgb_undoes_palette_index(code):
    frames, table = golden_batch()[:1], np.zeros((256, 3), np.uint8)
    table[:128] = core.PALETTE
    out = np.full(frames.shape, 77, np.uint8)
    assert core.palette_rgb(core.palette_index(frames), table, out) is out
    same(out, frames)


def test_every_palette_colour_has_its_own_index():
    same(core.PALETTE, twin.PALETTE)
    frames = np.ascontiguousarray(core.PALETTE.T.reshape(1, 3, 8, 16))
    same(core.palette_index(frames).ravel(), np.arange(128, dtype=np.uint8))
    assert len(np.unique(core.PALETTE, axis=0)) == 128
    assert not core.PALETTE.flags.writeable


def test_exactly_128_of_all_colours_are_in_the_palette(code):
    low = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    frames = np.empty((1, 3, 256, 256), np.uint8)
    frames[0, 1], frames[0, 2] = low >> 8, low & 255
    found = 0
    for red in range(256):
        frames[0, 0] = red
        found += int((core.palette_index(frames) != 255).sum())
    assert found == 128


@FEW
@given(seed=SEEDS, shape=SHAPES, layout=LAYOUTS, threads=THREADS)
def test_grey_is_the_twins_for_any_shape_and_layout(code, seed, shape, layout, threads):
    frames = byte_frames(seed, shape[0], 3, *shape[1:])
    same(core.grey(laid_out(frames, layout), threads=threads), twin.grey(frames))


def test_grey_equals_opencv_bit_for_bit(code):
    cv2 = pytest.importorskip("cv2")
    # Every green and blue with every fourth red and its neighbour: all roundings occur.
    values = np.arange(256, dtype=np.uint8)
    frames = np.empty((1, 3, 256, 256), np.uint8)
    frames[0, 1], frames[0, 2] = values[:, None], values[None, :]
    for red in values:
        frames[0, 0] = red
        expected = cv2.cvtColor(np.ascontiguousarray(np.moveaxis(frames[0], 0, 2)), cv2.COLOR_RGB2GRAY)
        same(core.grey(frames)[0], expected)


@FEW
@given(SEEDS, SHAPES, LAYOUTS, THREADS, st.booleans(), st.data())
def test_crop_is_the_twins_for_any_box(seed, shape, layout, threads, colour, data):
    frames = byte_frames(seed, shape[0], 3, *shape[1:]) if colour else byte_frames(seed, *shape)
    top, bottom = sorted(data.draw(st.tuples(st.integers(0, shape[1]), st.integers(0, shape[1]))))
    left, right = sorted(data.draw(st.tuples(st.integers(0, shape[2]), st.integers(0, shape[2]))))
    result = core.crop(laid_out(frames, layout), top, bottom, left, right, threads=threads)
    same(result, twin.crop(frames, top, bottom, left, right))
    assert result.flags.c_contiguous
    assert not np.may_share_memory(result, frames)


@FEW
@given(SEEDS, SHAPES, LAYOUTS, THREADS, st.integers(1, 10), st.integers(1, 17))
@example(1, (2, 9, 70), "plain", 1, 2, 2)
@example(2, (1, 9, 9), "plain", 1, 9, 9)
def test_area_downsample_is_the_twins_and_drops_the_rest(seed, shape, layout, threads, factor_y, factor_x):
    planes = byte_frames(seed, *shape)
    result = core.area_downsample(laid_out(planes, layout), factor_y, factor_x, threads=threads)
    same(result, twin.area_downsample(planes, factor_y, factor_x))


@pytest.mark.parametrize(("height", "factor_y", "factor_x"), [(600, 300, 1), (514, 257, 3), (512, 256, 2)])
def test_blocks_of_many_rows_do_not_overflow(height, factor_y, factor_x):
    planes = byte_frames(3, 1, height, 9) | 240
    same(core.area_downsample(planes, factor_y, factor_x), twin.area_downsample(planes, factor_y, factor_x))
    assert (core.area_downsample(np.full((1, height, 9), 255, np.uint8), factor_y, factor_x) == 255).all()


FACTORS = [
    (1, 1),
    (1, 2),
    (2, 1),
    (2, 2),
    (2, 3),
    (3, 2),
    (3, 3),
    (4, 4),
    (2, 5),
    (7, 2),
    (2, 7),
    (13, 2),
    (6, 6),
    (8, 8),
]


@pytest.mark.parametrize(("factor_y", "factor_x"), FACTORS)
def test_area_downsample_rounds_as_opencv_does(factor_y, factor_x):
    cv2 = pytest.importorskip("cv2")
    planes = byte_frames(4, 1, factor_y * 60, factor_x * 101) & 7
    expected = cv2.resize(planes[0], (101, 60), interpolation=cv2.INTER_AREA)
    same(core.area_downsample(planes, factor_y, factor_x)[0], expected)


ANY_SHAPE = st.lists(st.integers(0, 9), min_size=1, max_size=4).map(tuple)


@FEW
@given(SEEDS, ANY_SHAPE, THREADS, st.sampled_from(["plain", "reversed", "transposed"]))
@example(5, (140000,), 2, "plain")
@example(5, (3, 1001), 2, "reversed")
def test_pairwise_kernels_are_the_twins_for_any_shape_and_layout(seed, shape, threads, layout):
    a, b = byte_frames(seed, *shape), byte_frames(seed + 1, *shape)
    other = {"plain": b, "reversed": b[::-1].copy()[::-1], "transposed": b.T.copy().T}[layout]
    same(core.frame_max(a, other, threads=threads), twin.frame_max(a, b))
    same(core.frame_difference(a, other, threads=threads), twin.frame_difference(a, b))


def test_pairwise_kernels_take_halves_of_a_stacked_observation():
    stacked = byte_frames(6, 4, 6, 5, 7)
    a, b = stacked[:, :3], stacked[:, 3:]
    same(core.frame_max(a, b, threads=2), twin.frame_max(a, b))
    same(core.frame_difference(a, b), twin.frame_difference(a, b))


def test_pairwise_kernels_may_write_over_an_input():
    a, b = byte_frames(7, 3, 5), byte_frames(8, 3, 5)
    expected = twin.frame_max(a, b)
    assert core.frame_max(a, b, out=b) is b
    same(b, expected)


def test_pairwise_kernels_equal_opencv():
    cv2 = pytest.importorskip("cv2")
    a, b = byte_frames(9, 33, 77), byte_frames(10, 33, 77)
    same(core.frame_max(a, b), cv2.max(a, b))
    same(core.frame_difference(a, b), cv2.absdiff(a, b))


@FEW
@given(SEEDS, SHAPES, LAYOUTS, THREADS, st.integers(0, 4))
@example(0, (1, 60, 160), "plain", 1, 3)
def test_colour_mask_is_the_twins_for_any_shape_and_layout(seed, shape, layout, threads, count):
    frames = coloured(seed, *shape)
    colours = core.PALETTE[np.random.default_rng(seed).integers(0, 128, count)]
    if frames.size and count:
        colours[0] = frames[0, :, 0, 0]
    same(core.colour_mask(laid_out(frames, layout), colours, threads=threads), twin.colour_mask(frames, colours))


@FEW
@given(SEEDS, SHAPES, LAYOUTS, THREADS, st.integers(0, 4), st.integers(1, 3), st.integers(1, 5))
@example(0, (1, 60, 160), "plain", 1, 3, 2, 2)
def test_shade_mask_is_the_twins_for_any_shape_bounds_and_steps(seed, shape, layout, threads, count, every_y, every_x):
    rng = np.random.default_rng(seed)
    frames = coloured(seed, *shape)
    shades = rng.integers(-60, 300, (count, 5, 2))
    shades = np.where(rng.random((count, 1, 1)) < 0.9, np.sort(shades, axis=2), shades)  # a few that nothing is within
    shades[rng.random((count, 5)) < 0.6] = -300, 300
    shades = shades.reshape(count, 10).astype(np.int16)
    owners = rng.integers(0, 2, count).astype(np.int32)
    found = core.shade_mask(laid_out(frames, layout), shades, owners, 2, every_y, every_x, threads=threads)
    same(found, twin.shade_mask(frames, shades, owners, 2, every_y, every_x))


MASK_SHAPES = st.tuples(st.integers(0, 3), st.integers(1, 12), st.integers(1, 130))


@FEW
@given(
    SEEDS,
    MASK_SHAPES,
    LAYOUTS,
    THREADS,
    st.sampled_from([0.0, 0.1, 0.4, 0.6, 0.9, 1.0]),
    st.integers(1, 60),
    st.integers(1, 4),
    st.sampled_from([4, 8]),
)
@example(0, (1, 3, 64), "plain", 1, 1.0, 3, 1, 4)
@example(0, (1, 3, 128), "plain", 1, 0.5, 3, 1, 8)
def test_components_are_the_twins(seed, shape, layout, threads, density, most, least, connectivity):
    rng = np.random.default_rng(seed)
    masks = (rng.random(shape) < density) * rng.integers(1, 256, shape).astype(np.uint8)
    counts, found = core.connected_components(
        laid_out(masks, layout), most, min_area=least, connectivity=connectivity, threads=threads
    )
    expected_counts, expected = twin.connected_components(masks, most, least, connectivity)
    same(counts, expected_counts)
    same(found, expected)


@pytest.mark.parametrize("connectivity", [4, 8])
def test_components_agree_with_opencv(connectivity):
    cv2 = pytest.importorskip("cv2")
    rng = np.random.default_rng(11)
    for density in (0.05, 0.3, 0.45, 0.6, 0.8):
        mask = (rng.random((210, 160)) < density).astype(np.uint8)
        count, _, stats, centroids = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
        counts, found = core.connected_components(mask[None], count, connectivity=connectivity)
        assert counts[0] == count - 1
        left, top, width, height, area = stats[1:].T
        order = np.lexsort((left, top, -area))
        ours = found[0, : count - 1]
        names = ("area", "top", "bottom", "left", "right")
        for name, theirs in zip(names, (area, top, top + height, left, left + width), strict=True):
            np.testing.assert_array_equal(ours[name], theirs[order])
        # Components equal in area, top and left have no order of their own in OpenCV.
        distinct = np.ones(count - 1, bool)
        keys = np.stack([area, top, left])[:, order]
        tied = (keys[:, 1:] == keys[:, :-1]).all(axis=0)
        distinct[1:] &= ~tied
        distinct[:-1] &= ~tied
        np.testing.assert_allclose(ours["x"][distinct], centroids[1:, 0][order][distinct], rtol=1e-6)
        np.testing.assert_allclose(ours["y"][distinct], centroids[1:, 1][order][distinct], rtol=1e-6)


def spiral(size):
    """One connected line that winds inwards: many runs, joined late."""
    mask = np.zeros((size, size), np.uint8)
    y, x, dy, dx = 0, 0, 0, 1
    mask[0, 0] = 1
    for length in [size - 1] + [n for k in range(size - 1, 0, -2) for n in (k, k)]:
        for _ in range(length):
            if not (0 <= y + dy < size and 0 <= x + dx < size):
                break
            y, x = y + dy, x + dx
            mask[y, x] = 1
        dy, dx = dx, -dy
    return mask


COMB = np.array([[1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0, 1], [1, 1, 1, 1, 1, 1, 1]], np.uint8)
CHECKERS = (np.indices((9, 11)).sum(axis=0) % 2).astype(np.uint8)


@pytest.mark.parametrize("mask", [spiral(21), spiral(40), COMB, COMB[::-1], COMB.T, CHECKERS, 1 - CHECKERS])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_components_of_awkward_shapes_are_the_twins(mask, connectivity):
    masks = np.ascontiguousarray(mask)[None]
    for fast, slow in zip(
        core.connected_components(masks, 70, connectivity=connectivity),
        twin.connected_components(masks, 70, connectivity=connectivity),
        strict=True,
    ):
        same(fast, slow)


def test_components_keep_the_largest_and_count_them_all():
    mask = np.zeros((1, 3, 12), np.uint8)
    for column, length in [(0, 1), (2, 3), (6, 2), (9, 3)]:
        mask[0, 0, column : column + length] = 1
    counts, found = core.connected_components(mask, 2)
    assert counts.tolist() == [4]
    assert found[0].tolist() == [(3, 0, 1, 2, 5, 0.0, 3.0), (3, 0, 1, 9, 12, 0.0, 10.0)]
    counts, found = core.connected_components(mask, 5, min_area=3)
    assert counts.tolist() == [2]
    assert found[0, 2:].tobytes() == bytes(3 * core.COMPONENT.itemsize)


def golden_batch():
    """A fixed batch of two 210 x 160 frames: bands, boxes and one colour outside the palette."""
    frames = np.zeros((2, 210, 160, 3), np.uint8)
    for row in range(210):
        frames[:, row] = core.PALETTE[row // 30 * 9]
    for box in range(24):
        top, left = box * 37 % 190, box * 53 % 140
        frames[box % 2, top : top + 5 + box % 7, left : left + 3 + box % 11] = core.PALETTE[box * 5 + 3]
    frames[1, 100:103, 50:60] = (1, 2, 3)
    return np.ascontiguousarray(np.moveaxis(frames, 3, 1))


GOLDEN = [
    "7812f64ed07c",
    "60236fc07ae8",
    "9a07dcdb01b4",
    "50f17eadc692",
    "021f60651554",
    "fab17aa898b0",
    "b571c804a4d8",
    "4f23f606816b",
    "4ea889f83f16",
]


def test_preprocessing_a_fixed_batch_gives_a_fixed_digest():
    frames = golden_batch()
    index = core.palette_index(frames)
    luminance = core.grey(frames)
    masks = core.colour_mask(frames, core.PALETTE[[3, 8, 28]])
    counts, found = core.connected_components(masks.reshape(-1, 210, 160), 8, min_area=2)
    results = [
        index,
        luminance,
        core.crop(frames, 34, 194, 8, 152),
        core.area_downsample(luminance, 5, 4),
        core.frame_max(frames[:1], frames[1:]),
        core.frame_difference(luminance[:1], luminance[1:]),
        masks,
        counts,
        found,
    ]
    digests = [hashlib.sha256(result.tobytes()).hexdigest()[:12] for result in results]
    assert digests == GOLDEN


def test_a_given_output_array_is_filled_and_returned():
    frames = golden_batch()
    for call in (core.palette_index, core.grey):
        out = np.full((2, 210, 160), 77, np.uint8)
        assert call(frames, out=out) is out
        same(out, call(frames))
    masks = frames[:, 0]
    pair = np.full(2, -1, np.int32), np.ones((2, 4), core.COMPONENT)
    result = core.connected_components(masks, 4, out=pair)
    assert result[0] is pair[0] and result[1] is pair[1]
    same(pair[1], core.connected_components(masks, 4)[1])


def test_threads_beyond_the_number_of_frames_change_nothing():
    frames = golden_batch()
    same(core.palette_index(frames, threads=7), core.palette_index(frames))
    same(core.frame_max(frames[0], frames[1], threads=64), core.frame_max(frames[0], frames[1]))


def test_read_only_frames_are_accepted():
    frames = golden_batch()
    frames.flags.writeable = False
    same(core.grey(frames), twin.grey(frames))
    same(core.connected_components(frames[:, 0], 2)[0], twin.connected_components(frames[:, 0], 2)[0])


FRAMES, PLANES = np.zeros((2, 3, 4, 5), np.uint8), np.zeros((2, 4, 5), np.uint8)
SHADES, OWNERS = np.zeros((1, 10), np.int16), np.zeros(1, np.int32)
COLOURS, TABLE = np.zeros((2, 3), np.uint8), np.zeros((256, 3), np.uint8)


def components(masks=PLANES, most=3, **options):
    return lambda: core.connected_components(masks, most, **options)


BAD_CALLS = {
    "frames of another type": (TypeError, "frames must be a NumPy array, got list", lambda: core.grey([[1]])),
    "float frames": (TypeError, "dtype uint8, got float64", lambda: core.palette_index(FRAMES.astype(float))),
    "channel last frames": (ValueError, r"\(N, 3, H, W\), got", lambda: core.grey(FRAMES.transpose(0, 2, 3, 1))),
    "one frame without batch": (ValueError, r"\(N, 3, H, W\), got \(3, 4, 5\)", lambda: core.grey(FRAMES[0])),
    "planes with colours": (ValueError, r"\(N, H, W\)", lambda: core.area_downsample(FRAMES, 2, 2)),
    "four channels to crop": (
        ValueError,
        r"\(N, 3, H, W\)",
        lambda: core.crop(np.zeros((1, 4, 2, 2), "u1"), 0, 1, 0, 1),
    ),
    "crop beyond the frame": (ValueError, "do not fit frames of 4 x 5", lambda: core.crop(FRAMES, 0, 5, 0, 5)),
    "negative crop": (ValueError, "do not fit", lambda: core.crop(FRAMES, -1, 4, 0, 5)),
    "crop upside down": (ValueError, "do not fit", lambda: core.crop(FRAMES, 3, 2, 0, 5)),
    "factor zero": (ValueError, "at least 1.*got 0 x 2", lambda: core.area_downsample(PLANES, 0, 2)),
    "huge factors": (ValueError, "at most 65535", lambda: core.area_downsample(PLANES, 300, 300)),
    "unequal shapes": (ValueError, "equal shapes", lambda: core.frame_max(PLANES, PLANES[:1])),
    "unequal dtypes": (TypeError, "b must have dtype uint8", lambda: core.frame_difference(PLANES, PLANES.astype(int))),
    "index of frames": (ValueError, r"\(N, H, W\)", lambda: core.palette_rgb(FRAMES, TABLE)),
    "table of 128": (ValueError, r"\(256, 3\), got \(128, 3\)", lambda: core.palette_rgb(PLANES, TABLE[:128])),
    "float table": (TypeError, "table must have dtype uint8", lambda: core.palette_rgb(PLANES, TABLE.astype(float))),
    "rgb out of one plane": (ValueError, "out must have shape", lambda: core.palette_rgb(PLANES, TABLE, PLANES)),
    "colours of two": (ValueError, r"\(K, 3\)", lambda: core.colour_mask(FRAMES, COLOURS[:, :2])),
    "int colours": (TypeError, "colours must have dtype uint8", lambda: core.colour_mask(FRAMES, COLOURS.astype(int))),
    "shades of three": (
        ValueError,
        r"\(K, 10\), got \(1, 3\)",
        lambda: core.shade_mask(FRAMES, SHADES[:, :3], OWNERS, 1),
    ),
    "byte shades": (
        TypeError,
        "shades must have dtype",
        lambda: core.shade_mask(FRAMES, SHADES.astype("u1"), OWNERS, 1),
    ),
    "owner beyond": (ValueError, "owners must be 0 .. planes - 1", lambda: core.shade_mask(FRAMES, SHADES, OWNERS, 0)),
    "every none": (ValueError, "at least 1, got 0 and 1", lambda: core.shade_mask(FRAMES, SHADES, OWNERS, 1, 0)),
    "connectivity 6": (ValueError, "4 or 8, got 6", components(connectivity=6)),
    "no components wanted": (ValueError, "at least 1, got 0 and 1", components(most=0)),
    "no area wanted": (ValueError, "at least 1, got 3 and 0", components(min_area=0)),
    "components out alone": (TypeError, "pair", components(out=np.zeros(2, np.int32))),
    "no threads": (ValueError, "threads must be at least 1, got 0", lambda: core.grey(FRAMES, threads=0)),
    "out of another shape": (ValueError, r"out must have shape \(2, 4, 5\)", lambda: core.grey(FRAMES, PLANES[:1])),
    "out of another dtype": (TypeError, "out must have dtype uint8", lambda: core.grey(FRAMES, PLANES.astype(int))),
    "out of another type": (TypeError, "out must be a NumPy array or None", lambda: core.grey(FRAMES, [1])),
    "strided out": (ValueError, "C-contiguous", lambda: core.grey(FRAMES, np.zeros((2, 4, 10), "u1")[..., ::2])),
    "out inside the input": (ValueError, "overlap", lambda: core.crop(FRAMES, 0, 4, 0, 5, out=FRAMES)),
    "out shifted along the input": (
        ValueError,
        "overlap",
        lambda: core.frame_max(np.zeros(9, "u1"), *(lambda x: (x[1:], x[:-1]))(np.zeros(10, "u1"))),
    ),
}


@pytest.mark.parametrize(("error", "message", "call"), BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_arguments_are_named_in_the_error(error, message, call):
    with pytest.raises(error, match=message):
        call()
