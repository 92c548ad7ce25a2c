"""pytest-benchmark of every compiled kernel, its twin, OpenCV where it has one, and Numba for two of them.

Run with ``pytest bench/test_core.py``; groups put the rivals side by side.
"""

import cv2
import numba
import numpy as np
import pytest

from fastheur import _core, _reference
from fastheur.benchmark_core import FRAMES, atari_like, cases

cv2.setNumThreads(1)

CASES = {case.name: case for case in cases()}


SIDES = [(name, side) for name, case in CASES.items() for side in ("core", "cv2", "twin") if getattr(case, side)]


@pytest.mark.parametrize("name, side", SIDES)
def test_kernel(benchmark, name, side):
    call = getattr(CASES[name], side)
    benchmark.group = name
    benchmark.extra_info["frames"] = FRAMES / CASES[name].scale if side == "twin" else FRAMES
    benchmark.pedantic(call, rounds=3 if side == "twin" else 15, iterations=1, warmup_rounds=1)


@numba.njit
def numba_palette(frames, lookup, out):
    for n in range(frames.shape[0]):
        for y in range(frames.shape[2]):
            for x in range(frames.shape[3]):
                red, green, blue = frames[n, 0, y, x], frames[n, 1, y, x], frames[n, 2, y, x]
                out[n, y, x] = lookup[np.uint32(red) << 16 | np.uint32(green) << 8 | np.uint32(blue)]


@numba.njit
def _numba_root(parent, at):
    while parent[at] != at:
        parent[at] = parent[parent[at]]
        at = parent[at]
    return at


@numba.njit
def numba_components(masks, labels, parent, stats):
    """Pixel-based union-find with area and box per component: the usual two passes."""
    total = 0
    for mask in masks:
        made = 0
        for y in range(mask.shape[0]):
            for x in range(mask.shape[1]):
                if mask[y, x] == 0:
                    labels[y, x] = -1
                    continue
                above = labels[y - 1, x] if y > 0 else -1
                before = labels[y, x - 1] if x > 0 else -1
                if above < 0 and before < 0:
                    parent[made] = made
                    labels[y, x] = made
                    made += 1
                elif above >= 0 and before >= 0 and above != before:
                    a, b = _numba_root(parent, above), _numba_root(parent, before)
                    parent[max(a, b)] = min(a, b)
                    labels[y, x] = min(a, b)
                else:
                    labels[y, x] = max(above, before)
        for label in range(made):
            stats[label] = (0, mask.shape[0], 0, mask.shape[1], 0)
        for y in range(mask.shape[0]):
            for x in range(mask.shape[1]):
                if labels[y, x] >= 0:
                    row = stats[_numba_root(parent, labels[y, x])]
                    row[0] += 1
                    row[1], row[2] = min(row[1], y), max(row[2], y + 1)
                    row[3], row[4] = min(row[3], x), max(row[4], x + 1)
        for label in range(made):
            total += parent[label] == label
    return total


@pytest.mark.parametrize("content", ["atari", "random"])
@pytest.mark.parametrize("side", ["core", "numba"])
def test_palette_against_numba(benchmark, side, content):
    frames = atari_like()
    if content == "random":
        index = np.random.default_rng(0).integers(0, 128, (FRAMES, 210, 160))
        frames = np.ascontiguousarray(_core.PALETTE[index].transpose(0, 3, 1, 2))
    out = np.empty((FRAMES, 210, 160), np.uint8)
    red, green, blue = _core.PALETTE.astype(np.uint32).T
    lookup = np.full(1 << 24, 255, np.uint8)
    lookup[red << 16 | green << 8 | blue] = np.arange(128)
    numba_palette(frames, lookup, out)
    np.testing.assert_array_equal(out, _core.palette_index(frames))
    benchmark.group = f"palette_index against Numba, {content} content"
    calls = {"core": lambda: _core.palette_index(frames, out=out), "numba": lambda: numba_palette(frames, lookup, out)}
    benchmark.pedantic(calls[side], rounds=15, iterations=3, warmup_rounds=1)


@pytest.mark.parametrize("side", ["core", "cv2", "numba"])
def test_components_against_numba(benchmark, side):
    planes = _reference.grey(atari_like())
    masks = (planes != planes[:, :, :1]).astype(np.uint8)
    labels, parent = np.empty((210, 160), np.int32), np.empty(210 * 160, np.int32)
    stats = np.empty((210 * 160, 5), np.int32)
    assert numba_components(masks, labels, parent, stats) == _core.connected_components(masks, 32)[0].sum()
    calls = {
        "core": lambda: _core.connected_components(masks, 32),
        "cv2": lambda: [cv2.connectedComponentsWithStats(mask, connectivity=4) for mask in masks],
        "numba": lambda: numba_components(masks, labels, parent, stats),
    }
    benchmark.group = "connected_components against Numba"
    benchmark.pedantic(calls[side], rounds=15, iterations=1, warmup_rounds=1)


@pytest.mark.parametrize("rows", [1, 64, 1024])
@pytest.mark.parametrize("call", ["score_step", "hash_actions", "check_discrete", "check_continuous"])
def test_scoring_call(benchmark, call, rows):
    acc = np.zeros(rows, _core.ACCUMULATOR)
    slots, lives = np.arange(rows, dtype=np.int32), np.full(rows, 3, np.int32)
    _core.score_reset(acc, slots, lives)
    actions, rewards = np.arange(rows), np.ones(rows, np.float32)
    forces, low, high = np.zeros((rows, 6)), np.full(6, -1.0), np.ones(6)
    calls = {
        "score_step": lambda: _core.score_step(acc, slots, rewards, lives, 0.99),
        "hash_actions": lambda: _core.hash_actions(acc, slots, actions),
        "check_discrete": lambda: _core.check_discrete(actions, rows),
        "check_continuous": lambda: _core.check_continuous(forces, low, high),
    }
    benchmark.group = f"scoring, {rows} rows"
    benchmark.pedantic(calls[call], rounds=50, iterations=200, warmup_rounds=1)
