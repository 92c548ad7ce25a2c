"""Measures the compiled frame kernels against their NumPy twins, Numba and, where it has them, OpenCV.

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

from fastheur import _core, _reference, benchmark_numba
from fastheur.benchmark_frames import HEIGHT, WIDTH, atari_like, noise, recorded

RIVALRY = ("palette_index", "palette_rgb", "connected_components")
"""Kernels that are meant to be at least as fast as the better of OpenCV and Numba."""

# These twins get only the first frames; their time is scaled up, as frames are independent of each other.
SLOW_TWINS = ("palette_index", "connected_components")
TWIN_FRAMES = 4

Call = Callable[[], Any]


class Case(NamedTuple):
    """One kernel on one batch: up to four ways to do the same work; the twin's share of the batch is 1 / ``scale``."""

    name: str
    core: Call
    twin: Call
    cv2: Call | None
    numba: Call
    scale: float


def cases() -> list[Case]:
    """Return every kernel on a batch of 64 frames: made-up ones, and the kernels of RIVALRY on recorded ones too.

    Every side allocates its result, as callers do; ``palette_rgb`` alone fills an array.
    """
    frames, played = atari_like(), recorded()
    arguments = _arguments(frames)
    arguments |= {f"{name} recorded": given for name, given in _arguments(played).items() if name in RIVALRY}
    arguments["palette_index noise"] = (noise(),)
    lookup = benchmark_numba.palette_lookup(_core.PALETTE)
    return [_case(name, given, lookup) for name, given in arguments.items()]


def _arguments(frames: np.ndarray) -> dict[str, tuple[Any, ...]]:
    other = np.ascontiguousarray(frames[::-1])
    planes = _core.grey(frames)
    colours = np.ascontiguousarray(frames[0, :, ::60, 5].T[:4])
    masks = (planes != planes[:, :, :1]).astype(np.uint8)
    table = np.zeros((256, 3), np.uint8)
    table[: len(_core.PALETTE)] = _core.PALETTE
    return {
        "palette_index": (frames,),
        "palette_rgb": (_core.palette_index(frames), table, np.empty_like(frames)),
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


def _case(name: str, given: tuple[Any, ...], lookup: np.ndarray) -> Case:
    function = name.split()[0]
    few = (given[0][:TWIN_FRAMES], *given[1:]) if function in SLOW_TWINS else given
    plain = few[:2] if function == "palette_rgb" else few
    compiled = (*given, lookup) if function == "palette_index" else given
    core, twin, rival = (getattr(module, function) for module in (_core, _reference, benchmark_numba))
    return Case(
        name,
        lambda: core(*given),
        lambda: twin(*plain),
        _opencv(function, given),
        lambda: rival(*compiled),
        len(given[0]) / len(few[0]),
    )


def _opencv(function: str, given: tuple[Any, ...]) -> Call | None:
    """Return OpenCV's way, if it has one; colour images are given to it channel last already."""
    if function in ("grey", "colour_mask"):
        tall = np.ascontiguousarray(given[0].transpose(0, 2, 3, 1)).reshape(-1, WIDTH, 3)
        if function == "grey":
            return lambda: cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY)
        bounds = [tuple(int(v) for v in colour) for colour in given[1]]
        return lambda: [cv2.inRange(tall, bound, bound) for bound in bounds]
    if function in ("frame_max", "frame_difference"):
        a, b = (frames.reshape(-1, WIDTH) for frames in given)
        return functools.partial(cv2.max if function == "frame_max" else cv2.absdiff, a, b)
    if function == "palette_rgb":
        index, tables = given[0].reshape(-1, WIDTH), [np.ascontiguousarray(channel) for channel in given[1].T]
        outs = [np.empty_like(index) for _ in tables]
        return lambda: [cv2.LUT(index, channel, out) for channel, out in zip(tables, outs, strict=True)]
    if function == "connected_components":
        return lambda: [cv2.connectedComponentsWithStats(mask, connectivity=4) for mask in given[0]]
    if function == "area_downsample":
        planes, y, x = given
        whole = np.ascontiguousarray(planes[:, : HEIGHT // y * y, : WIDTH // x * x])
        return functools.partial(_resize, whole, (WIDTH // x, HEIGHT // y))
    return None


def _resize(planes: np.ndarray, size: tuple[int, int]) -> list[Any]:
    return [cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in planes]


def _seconds(call: Call, calls: int) -> float:
    # One call outside the clock, so that no side pays for a cache that the previous side left cold; CPU
    # time of this thread, on which all sides run, so that other load on the machine counts for little.
    call()
    start = time.thread_time()
    for _ in range(calls):
        call()
    return (time.thread_time() - start) / calls


def core_ratios(repeats: int = 7) -> list[dict[str, Any]]:
    """Return how many times faster each kernel is than its twin, OpenCV and Numba, all on one thread.

    One run interleaves all sides ``repeats`` times and compares medians. Each entry has ``name``,
    ``core_ms`` (per batch of 64 frames of 210 x 160), ``vs_twin``, ``vs_cv2`` (None where OpenCV has no such
    operation), ``vs_numba``, and ``rivalry``: whether it is meant to reach 1 against both of these.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        return [_ratio(case, repeats) for case in cases()]
    finally:
        cv2.setNumThreads(threads)


def _ratio(case: Case, repeats: int) -> dict[str, Any]:
    named = {"core": case.core, "twin": case.twin, "cv2": case.cv2, "numba": case.numba}
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
        "vs_numba": median(times["numba"]) / core,
        "rivalry": case.name.split()[0] in RIVALRY,
    }


def table(ratios: list[dict[str, Any]]) -> str:
    """Return the ratios as text, one kernel per line."""
    lines = [f"{'kernel':30}{'core ms':>10}{'x twin':>10}{'x cv2':>10}{'x Numba':>10}"]
    for entry in ratios:
        versus = f"{entry['vs_cv2']:.2f}" if entry["vs_cv2"] is not None else "-"
        times = f"{entry['core_ms']:10.3f}{entry['vs_twin']:10.1f}{versus:>10}{entry['vs_numba']:10.2f}"
        lines.append(f"{entry['name']:30}{times}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(core_ratios()))
