"""Clips regions to frames."""

from typing import Any

import numpy as np

from fastheur.vision._compiling import inner


@inner
def clip_edge(edge: Any, size: Any) -> Any:
    """Return one edge of a region as an integer from 0 to size; NaN becomes 0."""
    if not edge > 0:
        return 0
    if edge >= size:
        return size
    return np.int64(edge)


@inner
def clip(frame: Any, bits: Any, top: Any, bottom: Any, left: Any, right: Any) -> Any:
    """Return the region clipped to a frame or plane, with top < bottom and left < right, or all zeros if it is empty.

    It is also empty if ``bits``, the sought values or-ed together, has a bit that no byte has.
    """
    if frame.ndim == 3 and frame.shape[0] != 3:
        raise ValueError("an RGB frame must have the shape (3, H, W)")
    height, width = frame.shape[-2], frame.shape[-1]
    top, bottom = clip_edge(top, height), clip_edge(bottom, height)
    left, right = clip_edge(left, width), clip_edge(right, width)
    if top >= bottom or left >= right or bits & ~255:
        return 0, 0, 0, 0
    return top, bottom, left, right
