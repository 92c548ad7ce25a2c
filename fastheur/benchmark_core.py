"""Measures the compiled frame kernels against their NumPy twins and, where it has them, OpenCV.

Run as a script it prints the table of :func:`core_ratios`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import cv2
import numpy as np

from fastheur import _core, _reference

FRAMES = 64
HEIGHT, WIDTH = 210, 160
# These twins get only the first frames; their time is scaled up, as frames are independent of each other.
SLOW_TWINS = ("palette_index", "connected_components")
TWIN_FRAMES = 4


class Case(NamedTuple):
    """One kernel: up to three ways to do the same work; the twin's share of the batch is 1 / ``scale``."""

    name: str
    core: Callable[[], Any]
    twin: Callable[[], Any]
    cv2: Callable[[], Any] | None
    scale: float


def atari_like(frames: int = FRAMES, seed: int = 0) -> np.ndarray:
    """Return uint8 (frames, 3, 210, 160): bands, boxes and dotted sprites in palette colours.

    Of all stretches of 32 pixels 67 % have one colour and 27 % two; in recorded Atari frames it is 67 % and 30 %.
    """
    rng = np.random.default_rng(seed)
    index = np.repeat(rng.integers(0, 128, (frames, 7)), HEIGHT // 7, axis=1)[:, :, None].repeat(WIDTH, axis=2)
    for number in range(frames):
        frame: np.ndarray = index[number]
        for _ in range(18):
            height, width = rng.integers(4, 24), rng.integers(2, 24)
            top, left = rng.integers(0, HEIGHT - height), rng.integers(0, WIDTH - width)
            frame[top : top + height, left : left + width] = int(rng.integers(0, 128))
        for _ in range(8):
            y, x = int(rng.integers(0, HEIGHT - 10)), int(rng.integers(0, WIDTH - 16))
            shape = rng.integers(0, 2, (10, 8)).astype(bool).repeat(2, axis=1)
            frame[y : y + 10, x : x + 16][shape] = int(rng.integers(0, 128))
    return np.ascontiguousarray(_core.PALETTE[index].transpose(0, 3, 1, 2))


def cases() -> list[Case]:
    """Return every kernel on a batch of 64 frames; every side allocates its result, as callers do."""
    frames = atari_like()
    other = np.ascontiguousarray(frames[::-1])
    planes = _core.grey(frames)
    colours = np.ascontiguousarray(frames[0, :, ::60, 5].T[:4])
    masks = (planes != planes[:, :, :1]).astype(np.uint8)
    arguments: dict[str, tuple[Any, ...]] = {
        "palette_index": (frames,),
        "grey": (frames,),
        "crop": (frames, 34, 194, 8, 152),
        "frame_max": (frames, other),
        "frame_difference": (frames, other),
        "colour_mask": (frames, colours),
        "connected_components": (masks, 32),
        "area_downsample 2x2": (planes, 2, 2),
        "area_downsample 3x2": (planes, 3, 2),
        "area_downsample 5x4": (planes, 5, 4),
    }
    theirs = _opencv_calls(frames, other, planes, colours, masks)
    return [_case(name, given, theirs.get(name)) for name, given in arguments.items()]


def _case(name: str, given: tuple[Any, ...], theirs: Callable[[], Any] | None) -> Case:
    function = name.split()[0]
    few = (given[0][:TWIN_FRAMES], *given[1:]) if function in SLOW_TWINS else given
    core, twin = getattr(_core, function), getattr(_reference, function)
    return Case(name, lambda: core(*given), lambda: twin(*few), theirs, len(given[0]) / len(few[0]))


def _opencv_calls(
    frames: np.ndarray, other: np.ndarray, planes: np.ndarray, colours: np.ndarray, masks: np.ndarray
) -> dict[str, Callable[[], Any]]:
    """Return OpenCV's way for each kernel that it has; colour images are given to it channel last already."""
    tall = np.ascontiguousarray(frames.transpose(0, 2, 3, 1)).reshape(-1, WIDTH, 3)
    bounds = [tuple(int(v) for v in colour) for colour in colours]
    flat, flat_other = frames.reshape(-1, WIDTH), other.reshape(-1, WIDTH)
    calls: dict[str, Callable[[], Any]] = {
        "grey": lambda: cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY),
        "frame_max": lambda: cv2.max(flat, flat_other),
        "frame_difference": lambda: cv2.absdiff(flat, flat_other),
        "colour_mask": lambda: [cv2.inRange(tall, bound, bound) for bound in bounds],
        "connected_components": lambda: [cv2.connectedComponentsWithStats(m, connectivity=4) for m in masks],
    }
    for y, x in ((2, 2), (3, 2), (5, 4)):
        size = (WIDTH // x, HEIGHT // y)
        whole = np.ascontiguousarray(planes[:, : HEIGHT // y * y, : WIDTH // x * x])
        calls[f"area_downsample {y}x{x}"] = functools.partial(_resize, whole, size)
    return calls


def _seconds(call: Callable[[], Any], calls: int) -> float:
    # One call outside the clock, so that no side pays for a cache that the previous side left cold; CPU
    # time of this thread, on which all sides run, so that other load on the machine counts for little.
    call()
    start = time.thread_time()
    for _ in range(calls):
        call()
    return (time.thread_time() - start) / calls


def core_ratios(repeats: int = 7) -> list[dict[str, Any]]:
    """Return how many times faster each kernel is than its twin and OpenCV, both on one thread.

    One run interleaves all sides ``repeats`` times and compares medians. Each entry has ``name``,
    ``core_ms`` (per batch of 64 frames of 210 x 160), ``vs_twin`` and ``vs_cv2``, the last None where
    OpenCV has no such operation.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return [_ratio(case, repeats) for case in cases()]
    finally:
        cv2.setNumThreads(threads)


def _resize(planes: np.ndarray, size: tuple[int, int]) -> list[Any]:
    return [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]


def _ratio(case: Case, repeats: int) -> dict[str, Any]:
    named = {"core": case.core, "twin": case.twin, "cv2": case.cv2}
    sides = {name: call for name, call in named.items() if call is not None}
    times: dict[str, list[float]] = {name: [] for name in sides}
    # A twin of more than about 20 ms is timed once per round.
    twin_calls = 1 if _seconds(case.twin, 1) > 0.02 else 3
    for _ in range(repeats):
        for name, samples in times.items():
            samples.append(_seconds(sides[name], twin_calls if name == "twin" else 3))
    core, twin = median(times["core"]), median(times["twin"]) * case.scale
    return {
        "name": case.name,
        "core_ms": core * 1e3,
        "vs_twin": twin / core,
        "vs_cv2": median(times["cv2"]) / core if "cv2" in times else None,
    }


def table(ratios: list[dict[str, Any]]) -> str:
    """Return the ratios as text, one kernel per line."""
    lines = [f"{'kernel':24}{'core ms':>10}{'x twin':>10}{'x cv2':>10}"]
    for entry in ratios:
        versus = f"{entry['vs_cv2']:.2f}" if entry["vs_cv2"] is not None else "-"
        lines.append(f"{entry['name']:24}{entry['core_ms']:10.3f}{entry['vs_twin']:10.1f}{versus:>10}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(core_ratios()))
