"""pytest-benchmark of every compiled kernel, its twin, Numba, and OpenCV where it has one.

Run with ``pytest bench/test_core.py``; groups put the rivals side by side.
"""

import cv2
import numpy as np
import pytest

from fastheur import _core
from fastheur.benchmark_core import cases
from fastheur.benchmark_frames import FRAMES

cv2.setNumThreads(1)

CASES = {case.name: case for case in cases()}

SIDES = [
    (name, side) for name, case in CASES.items() for side in ("core", "cv2", "numba", "twin") if getattr(case, side)
]


@pytest.mark.parametrize("name, side", SIDES)
def test_kernel(benchmark, name, side):
    call = getattr(CASES[name], side)
    benchmark.group = name
    benchmark.extra_info["frames"] = FRAMES / CASES[name].scale if side == "twin" else FRAMES
    benchmark.pedantic(call, rounds=3 if side == "twin" else 15, iterations=1, warmup_rounds=1)


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
