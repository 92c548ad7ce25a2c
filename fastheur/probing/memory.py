"""Probe ``ram``: which bytes move with which object on the screen, and which count the score and the lives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastheur import _core
from fastheur.batch import Array
from fastheur.engine import Engine
from fastheur.probing.objects import Track, find_tracks
from fastheur.probing.walking import Choose, walk

MOST_FRAMES = 400
"""Frames looked at; of a longer walk they are evenly spread."""

CORRELATION = 0.95
"""A byte moves with an object from this correlation on."""

FEWEST = 12
"""Frames in which an object must be seen for its correlation to mean anything."""

MOST_BYTES = 3
"""Bytes named per coordinate, best fit first."""

MOST_OBJECTS = 10
"""Objects shown, those whose places are known best first."""


@dataclass(frozen=True)
class Fit:
    """``coordinate = scale * RAM[byte] + offset`` in pixels, off by ``error`` in the mean."""

    byte: int
    correlation: float
    scale: float
    offset: float
    error: float

    def __str__(self) -> str:
        one = abs(abs(self.scale) - 1) < 0.005
        scale = ("-" if self.scale < 0 else "") if one else f"{self.scale:.3g} * "
        return f"{scale}RAM[{self.byte}] {self.offset:+.1f} (r {self.correlation:.3f}, off by {self.error:.1f})"


def probe_ram(ram: Engine, native: Engine, seed: int, steps: int, choose: Choose) -> tuple[list[str], dict[str, Any]]:
    """Return the lines and the data of the probe: ``steps // 2`` env steps in each of the two modes, with equal actions."""
    each = steps // 2
    rows, facts, actions = [], [], []
    for batch in walk(ram, seed, each, choose):
        rows.append(batch.obs[0].copy())
        facts.append((int(batch.lives[0]), float(batch.reward[0]), batch.first is not None))
        if batch.live is None:
            actions.append(int(batch.actions[0]))
    apart = -(-len(rows) // MOST_FRAMES)
    again, frames = iter(actions), []
    for place, batch in enumerate(walk(native, seed, each, lambda batch: next(again))):
        if place % apart == 0:
            frames.append(_core.palette_index(batch.obs)[0])
    bytes_ = np.array(rows)
    lives, reward, first = (np.array(column) for column in zip(*facts, strict=True))
    tracks = find_tracks(np.array(frames))
    objects = _objects(tracks, bytes_[::apart].astype(np.float64))
    counters = _counters(bytes_.astype(np.int64), lives, reward, first)
    still = [place for place in range(bytes_.shape[1]) if (bytes_[:, place] == bytes_[0, place]).all()]
    lines = [
        f"{each} random steps, seen as RAM and as frames; {len(frames)} frames looked at. x, y: middle of the object in "
        "pixels of the frame."
    ]
    for track, fits in objects[:MOST_OBJECTS]:
        lines.append(f"- {track}, in {len(track.frames)} frames, x {_span(track.x)}, y {_span(track.y)}")
        lines += [f"  {axis} = " + "; ".join(map(str, found)) for axis, found in fits.items()]
    if not objects:
        lines.append("No byte follows a moving object here; more steps, or another action, may show some.")
    lines += _counter_lines(counters, reward)
    lines.append(f"{len(still)} bytes never changed, {bytes_.shape[1] - len(still)} did.")
    data = {"objects": [_plain(track, fits) for track, fits in objects], **counters, "constant": still}
    return lines, data


def _objects(tracks: Sequence[Track], bytes_: Array) -> list[tuple[Track, dict[str, list[Fit]]]]:
    """Return the objects whose place some byte tells; each byte is named for the object it fits in the most frames."""
    fitted = []
    for track in tracks:
        if len(track.frames) >= FEWEST:
            fits = {axis: _fits(getattr(track, axis), bytes_[track.frames]) for axis in ("x", "y")}
            fitted.append((track, {axis: found for axis, found in fits.items() if found}))
    fitted.sort(key=lambda one: -len(one[0].frames) * len(one[1]))
    taken: set[tuple[str, int]] = set()
    objects = []
    for track, fits in fitted:
        own = {axis: [fit for fit in found if (axis, fit.byte) not in taken] for axis, found in fits.items()}
        own = {axis: found[:MOST_BYTES] for axis, found in own.items() if found}
        taken |= {(axis, fit.byte) for axis, found in own.items() for fit in found}
        if own:
            objects.append((track, own))
    return objects


def _fits(places: Array, bytes_: Array) -> list[Fit]:
    """Return the bytes that follow a coordinate, best first."""
    steps = np.diff(places)
    turned = (steps > 0).any() and (steps < 0).any()
    if np.ptp(places) < 2 or len(np.unique(places)) < 3 or not turned:
        return []  # whatever only rises would fit what only rises
    x, y = bytes_ - bytes_.mean(axis=0), places - places.mean()
    spread = (x * x).sum(axis=0)
    safe = np.where(spread > 0, spread, 1.0)
    scale = (x * y[:, None]).sum(axis=0) / safe
    correlation = scale * np.sqrt(safe / (y * y).sum())
    offset = places.mean() - scale * bytes_.mean(axis=0)
    error = np.abs(scale * bytes_ + offset - places[:, None]).mean(axis=0)
    good = np.flatnonzero((np.abs(correlation) >= CORRELATION) & (spread > 0))
    order = sorted(good.tolist(), key=lambda at: (round(float(error[at]), 2), at))
    return [Fit(at, *(round(float(v[at]), 4) for v in (correlation, scale, offset, error))) for at in order]


def _counters(bytes_: Array, lives: Array, reward: Array, first: Array) -> dict[str, list[int]]:
    """Return the bytes that hold the lives, give or take a constant, and those that change when a reward comes."""
    off = bytes_ - lives[:, None]
    fell = np.ptp(lives) > 0
    changed = np.diff(bytes_, axis=0) != 0
    scored, ordinary = (reward[1:] != 0), (reward[1:] == 0) & ~first[1:]
    scores = np.zeros(bytes_.shape[1], bool)
    if scored.any():
        scores = (changed[scored].mean(axis=0) >= 0.8) & (changed[ordinary].mean(axis=0) <= 0.01)
    return {
        "lives": np.flatnonzero((off == off[0]).all(axis=0) & fell).tolist(),
        "score": np.flatnonzero(scores).tolist(),
    }


def _counter_lines(counters: dict[str, list[int]], reward: Array) -> list[str]:
    lines = []
    if counters["lives"]:
        lines.append(f"Lives are counted in RAM {', '.join(map(str, counters['lives']))}.")
    events = int((reward != 0).sum())
    if counters["score"]:
        lines.append(
            f"Changed with (nearly) every reward, of which there were {events}, and hardly otherwise: RAM "
            f"{', '.join(map(str, counters['score'][:12]))}."
        )
    elif not events:
        lines.append("No reward came, so no byte can be told to count the score.")
    return lines


def _span(values: Array) -> str:
    return f"{values.min():g}..{values.max():g}"


def _plain(track: Track, fits: dict[str, list[Fit]]) -> dict[str, Any]:
    return {
        "colour": list(track.colour),
        "size": [track.height, track.width],
        "many": track.many,
        "frames": len(track.frames),
        **{axis: [vars(fit) for fit in found] for axis, found in fits.items()},
    }
