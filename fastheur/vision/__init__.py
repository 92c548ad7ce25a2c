"""Find colours, values and changes in image frames, from compiled policies or from plain Python.

Every function here is compiled by Numba, so the scalar ``act`` of a policy may call it on the frame of one
environment, and plain Python may call it as well.

Frames
    A *frame* is an RGB image, ``uint8[3, H, W]`` (channel first).  A *plane* is one channel, ``uint8[H, W]``: grey
    levels or palette indices.  C-contiguous arrays, such as ``obs[i]`` of a batch, are fastest (the row loops use
    vector instructions); any other memory layout works too.

Regions
    Each function looks only at the half-open region ``top <= y < bottom``, ``left <= x < right``, in pixels from the
    top left corner of the frame.  The region is clipped to the frame first, so it may stick out of the frame; an
    empty or reversed region holds no pixel.  Fractional bounds are truncated toward zero.

Positions
    Positions and boxes returned are in pixels of the whole frame, never relative to the region.  Boxes are half-open,
    in the order ``top, bottom, left, right``.

Nothing found
    Counts are 0, and every coordinate, box edge and distance is -1.

Colours outside 0..255 match nothing.  A frame that has not exactly three channels raises ``ValueError``.
"""

from fastheur.vision._colours import (
    bounding_box,
    centroid,
    count_colour,
    count_in_columns,
    count_in_rows,
    find_colour,
    nearest_colour,
)
from fastheur.vision._differences import frame_difference_box, frame_difference_count
from fastheur.vision._objects import nearest_object
from fastheur.vision._planes import box_value, centroid_value, count_value

__all__ = [
    "bounding_box",
    "box_value",
    "centroid",
    "centroid_value",
    "count_colour",
    "count_in_columns",
    "count_in_rows",
    "count_value",
    "find_colour",
    "frame_difference_box",
    "frame_difference_count",
    "nearest_colour",
    "nearest_object",
]
