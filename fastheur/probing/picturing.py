"""Turns frames into PNG pictures that are large enough to look at."""

import cv2
import numpy as np

from fastheur.batch import Array
from fastheur.operations import Picture

SIDE = 400
"""Frames are enlarged by a whole factor until their longer side has at least this many pixels, and no more than twice."""


def picture(frame: Array, caption: str) -> Picture:
    """Return a frame as PNG.

    Args:
        frame: uint8 (3, H, W) RGB, (K, H, W) stacked grey frames of which the last is shown, or (H, W).
    """
    planes = frame.reshape(-1, *frame.shape[-2:])
    colour = len(planes) % 3 == 0
    pixels = planes[-3:][::-1].transpose(1, 2, 0) if colour else planes[-1]  # OpenCV keeps blue first
    factor = max(1, -(-SIDE // max(pixels.shape[:2])))
    large = np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1)
    _, png = cv2.imencode(".png", np.ascontiguousarray(large))
    return Picture(caption, png.tobytes())
