"""Finds moving objects in a run of frames: blobs of one colour and one size, followed by their place in every frame."""

from dataclasses import dataclass

import numpy as np

from fastheur import _core
from fastheur.batch import Array

CHUNK = 64
"""Frames looked at together, to bound the memory."""

MOST_BLOBS = 16
"""Blobs per colour and frame."""

MOST_SIZES = 6
"""Sizes per colour that are followed, the most frequent first."""

SEEN = 0.1
"""An object is in at least this part of the frames."""

LARGEST = 0.25
"""A blob that covers more of the frame than this part is scenery."""


@dataclass(frozen=True)
class Track:
    """One object, or all of one look together.

    Attributes:
        colour: RGB. height, width: in pixels; 0 where the size changes. many: the most seen in a frame.
        frames: int64 (N,), the frames it is in. x, y: (N,), middle of the box around it, in pixels from the top left.
    """

    colour: tuple[int, int, int]
    height: int
    width: int
    many: int
    frames: Array
    x: Array
    y: Array

    def __str__(self) -> str:
        size = f"{self.width}x{self.height} pixels" if self.width else "changing size"
        group = f", up to {self.many} at a time (box around all)" if self.many > 1 else ""
        return f"colour {self.colour}, {size}{group}"


def find_tracks(frames: Array) -> list[Track]:
    """Return what moves in ``frames``, uint8 (T, H, W) palette indices; scenery that stands still is left out."""
    tracks = []
    background = int(np.bincount(frames.reshape(-1), minlength=128).argmax())
    for index in np.unique(frames).tolist():
        if index != background:
            tracks += _of_colour(frames, index)
    return [track for track in tracks if max(np.ptp(track.x), np.ptp(track.y)) >= 2]


def _of_colour(frames: Array, index: int) -> list[Track]:
    blobs = np.concatenate([_blobs(frames[at : at + CHUNK], index) for at in range(0, len(frames), CHUNK)])
    real = (blobs["area"] > 0) & (blobs["area"] < LARGEST * frames[0].size)
    frame, place = np.nonzero(real)
    found = blobs[frame, place]
    sizes = np.stack([found["bottom"] - found["top"], found["right"] - found["left"]], axis=1)
    kinds, kind, counts = np.unique(sizes, axis=0, return_inverse=True, return_counts=True)
    colour = tuple(int(part) for part in _core.PALETTE[index])
    tracks = []
    for number in np.argsort(-counts, kind="stable")[:MOST_SIZES].tolist():
        mine = kind.reshape(-1) == number
        tracks.append(_track(colour, (int(kinds[number, 0]), int(kinds[number, 1])), frame[mine], found[mine]))
    alone = np.flatnonzero(real.sum(axis=1) == 1)
    if len(kinds) > 1:
        tracks.append(_track(colour, (0, 0), alone, blobs[alone, real[alone].argmax(axis=1)]))
    return [track for track in tracks if len(track.frames) >= SEEN * len(frames)]


def _blobs(frames: Array, index: int) -> Array:
    return _core.connected_components((frames == index).view(np.uint8), MOST_BLOBS, 2)[1]


def _track(colour: tuple[int, ...], size: tuple[int, int], frame: Array, found: Array) -> Track:
    seen, many = np.unique(frame, return_counts=True)
    where = np.searchsorted(seen, frame)
    top, left = np.full((2, len(seen)), 10_000)
    bottom, right = np.zeros((2, len(seen)), np.int64)
    np.minimum.at(top, where, found["top"])
    np.minimum.at(left, where, found["left"])
    np.maximum.at(bottom, where, found["bottom"])
    np.maximum.at(right, where, found["right"])
    red, green, blue = colour
    return Track(
        (red, green, blue), *size, int(many.max(initial=0)), seen, (left + right - 1) / 2, (top + bottom - 1) / 2
    )
