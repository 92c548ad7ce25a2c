"""The contenders of the kernel benchmark do the same work as the core, and its frames are what they are said to be."""

import numpy as np
import pytest

from fastheur import _core as core
from fastheur import benchmark_core, benchmark_frames
from fastheur import benchmark_numba as contenders

SHAPES = [(0, 5, 7), (1, 1, 1), (2, 9, 31), (3, 23, 70)]


def frames_of(shape, seed=0):
    """Frames of few colours, one of them outside the palette."""
    rng = np.random.default_rng(seed)
    some = np.vstack([core.PALETTE[rng.integers(0, 128, 5)], [[1, 2, 3]]]).astype(np.uint8)
    return np.ascontiguousarray(some[rng.integers(0, 6, shape)].transpose(0, 3, 1, 2))


def same(ours, theirs):
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("shape", SHAPES)
def test_numba_converts_as_the_core_does(shape):
    frames, other = frames_of(shape), frames_of(shape, 1)
    planes, table = frames[:, 1].copy(), np.arange(768, dtype=np.uint8).reshape(256, 3)
    lookup = contenders.palette_lookup(core.PALETTE)
    same(core.palette_index(frames), contenders.palette_index(frames, lookup))
    same(core.palette_rgb(planes, table), contenders.palette_rgb(planes, table, np.empty_like(frames)))
    same(core.grey(frames), contenders.grey(frames))
    same(core.frame_max(frames, other), contenders.frame_max(frames, other))
    same(core.frame_difference(frames, other), contenders.frame_difference(frames, other))
    same(core.colour_mask(frames, core.PALETTE[:3]), contenders.colour_mask(frames, core.PALETTE[:3]))


@pytest.mark.parametrize("box", [(0, 23, 0, 70), (3, 20, 5, 69), (1, 2, 3, 4), (4, 4, 0, 70)])
def test_numba_crops_as_the_core_does(box):
    frames = frames_of((3, 23, 70))
    same(core.crop(frames, *box), contenders.crop(frames, *box))


@pytest.mark.parametrize("factors", [(1, 1), (2, 2), (3, 2), (5, 4), (4, 7)])
def test_numba_downsamples_as_the_core_does(factors):
    planes = np.random.default_rng(2).integers(0, 256, (2, 23, 70)).astype(np.uint8)
    same(core.area_downsample(planes, *factors), contenders.area_downsample(planes, *factors))


@pytest.mark.parametrize("most", [1, 3, 40])
@pytest.mark.parametrize("density", [0.0, 0.2, 0.5, 0.7, 0.98, 1.0])
def test_numba_finds_the_components_that_the_core_finds(density, most):
    rng = np.random.default_rng(3)
    for shape in SHAPES:
        masks = (rng.random(shape) < density) * rng.integers(1, 256, shape).astype(np.uint8)
        for least in (1, 4):
            ours, theirs = (
                core.connected_components(masks, most, least),
                contenders.connected_components(masks, most, least),
            )
            same(ours[0], theirs[0])
            same(ours[1], theirs[1])


def test_recorded_frames_show_games_that_have_begun():
    frames = benchmark_frames.recorded(8)
    assert frames.shape == (8, 3, 210, 160) and frames.dtype == np.uint8
    assert (core.palette_index(frames) != 255).all()
    assert len({frame.tobytes() for frame in frames}) == 8
    np.testing.assert_array_equal(frames, benchmark_frames.recorded(8))


def test_the_table_has_a_column_per_contender():
    rows = [
        {"name": "grey", "core_ms": 0.5, "vs_twin": 30.0, "vs_cv2": 3.25, "vs_numba": 1.5, "rivalry": False},
        {"name": "crop", "core_ms": 0.25, "vs_twin": 2.0, "vs_cv2": None, "vs_numba": 1.0, "rivalry": False},
    ]
    lines = [line.split() for line in benchmark_core.table(rows).splitlines()]
    assert lines[1:] == [["grey", "0.500", "30.0", "3.25", "1.50"], ["crop", "0.250", "2.0", "-", "1.00"]]
