"""Writes pictures as a video that browsers play: H.264 in MP4, at the game's true speed, whole or not at all.

How it is encoded was measured on Breakout with its panel. OpenCV turns RGB into YUV four times as fast as FFmpeg does. A
constant quantiser spares x264 the search with which it estimates how complex a picture is, two fifths of its time; at this
one single pixels and small letters stay sharp.
"""

import math
import os
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np

from fastheur.batch import Array
from fastheur.drafts import DRAFT
from fastheur.errors import ConfigError

MOST_PER_S = 60
"""Pictures per second of a file: what screens show."""

KEY_S = 4
"""Seconds between pictures from which a browser can start."""

_X264 = {"preset": "ultrafast", "qp": "27"}
_DETAILS = "chroma-qp-offset=-6:colorprim=smpte170m:transfer=smpte170m:colormatrix=smpte170m:log-level=none"


def thinned(frames_per_s: float) -> tuple[int, Fraction]:
    """Return n, where every n-th picture is kept, and how many of those make a second, at most ``MOST_PER_S``.

    Dropping at even distances keeps motion even: 125 pictures a second become every third, 41.67 a second.
    """
    if not math.isfinite(frames_per_s) or frames_per_s <= 0:
        raise ConfigError(f"A video of {frames_per_s} pictures per second cannot be shown; expected more than 0.")
    exact = Fraction(frames_per_s).limit_denominator(1000)
    every = math.ceil(exact / MOST_PER_S)
    return every, exact / every


class Video:
    """A video that is being written; a context manager. The file appears when the block ends without an error.

    Args:
        path: of the file, ``.mp4``; one that is there is replaced. frames_per_s: pictures added per second of the game.

    Raises:
        ConfigError: the file cannot be written: the folder is not there or not writable, the disk is full.
    """

    def __init__(self, path: Path, frames_per_s: float) -> None:
        self.path = path
        self.every, self.rate = thinned(frames_per_s)
        self.added = self.written = 0
        self._draft = path.with_name(path.name + DRAFT)
        self._last: Array | None = None
        self._container: Any = None
        self._stream: Any = None

    @property
    def due(self) -> bool:
        """Whether the next picture will be kept; where not, :meth:`skip` saves composing it."""
        return self.added % self.every == 0

    def __enter__(self) -> Self:
        options = {"movflags": "+faststart"}
        self._container = self._tried(lambda: av.open(str(self._draft), "w", format="mp4", options=options))
        return self

    def add(self, image: Array) -> None:
        """Append uint8 (H, W, 3) RGB, H and W even and the same each time; it may be changed afterwards."""
        if self.due:
            self._encode(image)
            self._last = None
        else:
            self._last = image.copy()
        self.added += 1

    def skip(self) -> None:
        """Count a picture that is not due, and so would not be kept."""
        self.added += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            with suppress(OSError):
                self._container.close()
            with suppress(OSError):
                self._draft.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._last is not None:  # what happened last is always seen
            self._encode(self._last)
        if self._stream is None:
            raise ConfigError(f"Cannot write {self.path}: not one picture was added.")
        self._tried(lambda: self._container.mux(self._stream.encode()))
        self._tried(self._container.close)
        self._tried(self._settle)

    def _settle(self) -> None:
        with self._draft.open("rb") as file:
            os.fsync(file.fileno())
        self._draft.replace(self.path)

    def _encode(self, image: Array) -> None:
        if self._stream is None:
            self._stream = self._open(*image.shape[:2])
        yuv = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2YUV_I420).reshape(-1)
        start = 0
        for plane in self._planes:
            plane[:] = yuv[start : start + plane.size].reshape(plane.shape)
            start += plane.size
        self._frame.pts = self.written
        self._tried(lambda: self._container.mux(self._stream.encode(self._frame)))
        self.written += 1

    def _open(self, height: int, width: int) -> Any:
        stream = self._container.add_stream("libx264", rate=self.rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        self._frame = av.VideoFrame(width, height, "yuv420p")  # one for all: x264 has copied it when encode returns
        self._planes = [
            np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            for plane in self._frame.planes
        ]
        stream.options = {**_X264, "g": str(math.ceil(KEY_S * self.rate)), "x264-params": _DETAILS}
        return stream

    def _tried(self, act: Callable[[], Any]) -> Any:
        """Do what may fail for want of space or rights."""
        try:
            return act()
        except OSError as error:  # FFmpeg's errors are of this kind
            raise ConfigError(
                f"Cannot write {self.path}: {error.strerror or error}. Make room, or choose another folder."
            ) from error
