"""Finds and counts the pixels that differ between two frames or two planes."""

from fastheur.vision._compiling import Array, helper
from fastheur.vision._regions import clip
from fastheur.vision._rows import box, count_changed_colour_row, count_changed_value_row


@helper
def frame_difference_count(a: Array, b: Array, top: int, bottom: int, left: int, right: int) -> int:
    """Count the pixels that differ between two frames, or between two planes.

    Args:
        a, b: two RGB frames, uint8[3, H, W], or two planes, uint8[H, W], of the same shape.  A pixel of a frame
            differs if any of its channels does.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        int: the number of pixels, 0 if there is none.

    Raises:
        ValueError: if the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError("the two frames must have the same shape")
    top, bottom, left, right = clip(a, top & 0, top, bottom, left, right)
    count = 0
    for y in range(top, bottom):
        if a.ndim == 3:
            count += count_changed_colour_row(a, b, y, left, right)
        else:
            count += count_changed_value_row(a, b, y, left, right)
    return count


@helper
def frame_difference_box(
    a: Array, b: Array, top: int, bottom: int, left: int, right: int
) -> tuple[int, int, int, int, int]:
    """Find the smallest box around all pixels that differ between two frames, or between two planes.

    Args:
        a, b: two RGB frames, uint8[3, H, W], or two planes, uint8[H, W], of the same shape.  A pixel of a frame
            differs if any of its channels does.
        top, bottom, left, right: half-open region in pixels.

    Returns:
        (int, int, int, int, int): ``(count, top, bottom, left, right)``, the number of pixels and their half-open box,
        ``(0, -1, -1, -1, -1)`` if there is none.

    Raises:
        ValueError: if the shapes differ.
    """
    if a.shape != b.shape:
        raise ValueError("the two frames must have the same shape")
    top, bottom, left, right = clip(a, top & 0, top, bottom, left, right)
    if a.ndim == 3:
        return box(count_changed_colour_row, a, b, top, bottom, left, right)
    return box(count_changed_value_row, a, b, top, bottom, left, right)
