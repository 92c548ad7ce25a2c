"""Makes a contact sheet: pictures of an episode in a grid, each with a caption, in one PNG that an agent or a person opens.

Models see pictures shrunk to some 1,568 pixels, so a sheet is never larger than that: what is legible here stays so. To
hold a limit of bytes it takes fewer colours, then smaller tiles, then fewer tiles. Letters have colours of their own, which
no picture takes from them.
"""

import io
import math
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from fastheur.batch import Array
from fastheur.errors import ConfigError
from fastheur.replaying.lettering import Lettering

LONGEST = 1500
"""Pixels of the longer side of a sheet, at most."""

COLOURS = (240, 60, 28)
"""Colours of the pictures that are tried, one after another."""

SAMPLE = 10_000
"""Pixels, evenly spread, of which a palette is made where there are too many colours."""

LEAST_WIDTH = 160
"""Of a tile in pixels, so that its caption fits under it; narrower pictures stay as they are."""

CAPTION_LINES, TITLE_LINES = 3, 2

_GAP = 12
_INKS = ((18, 20, 26), (96, 98, 103), (176, 177, 180), (255, 255, 255))
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)

Tile = tuple[Array, str]


def contact_sheet(tiles: Sequence[Tile], title: str, most_bytes: int = 200_000) -> bytes:
    """Return a PNG of at most ``most_bytes``; the same for the same input.

    Args:
        tiles: uint8 (H, W, 3) RGB pictures, all of one size, and their captions. title: on top.
        most_bytes: where not all tiles fit into it, some are left out, evenly, and the title says how many.

    Raises:
        ConfigError: there are no tiles, or not even one fits.
    """
    if not tiles:
        raise ConfigError("A contact sheet needs at least one picture.")
    chosen, scale = list(tiles), 1.0
    while True:
        left_out = len(tiles) - len(chosen)
        sheet = _Sheet(chosen, f"{title} ({left_out} of {len(tiles)} pictures left out)" if left_out else title, scale)
        png = sheet.png(COLOURS[-1])
        if len(png) <= most_bytes:
            richer = (sheet.png(colours) for colours in COLOURS[:-1])
            return next((better for better in richer if len(better) <= most_bytes), png)
        excess = len(png) / most_bytes
        least = min(1.0, LEAST_WIDTH / sheet.widest)
        if scale > least:
            scale = max(least, scale * min(0.9, 0.95 / math.sqrt(excess)))
        elif len(chosen) > 1:
            count = max(1, min(len(chosen) - 1, int(len(chosen) / excess)))
            chosen = [tiles[place] for place in np.linspace(0, len(tiles) - 1, count).round().astype(int)]
        else:
            raise ConfigError(f"Not one picture fits into {most_bytes:,} bytes; allow more.")


class _Sheet:
    """A sheet laid out; ``widest``: the width of its tiles at scale 1."""

    def __init__(self, tiles: Sequence[Tile], title: str, scale: float) -> None:
        self._title_letters, self._letters = Lettering(20, _BLACK), Lettering(15, _BLACK)
        height, width = tiles[0][0].shape[:2]
        self._columns, fit = self._grid(len(tiles), height, width)
        self.widest = width * fit
        size = max(1, round(width * fit * scale)), max(1, round(height * fit * scale))
        self._pictures = [_shrunk(picture, size) for picture, _ in tiles]
        self._colours = _colours(np.concatenate(self._pictures).reshape(-1, 3))
        cell = max(size[0], min(LEAST_WIDTH, LONGEST // self._columns - _GAP))
        self._captions = [self._letters.lines(caption, cell, CAPTION_LINES) for _, caption in tiles]
        across = max(self._columns * (cell + _GAP) + _GAP, 2 * LEAST_WIDTH)
        self._title = self._title_letters.lines(title, across - 2 * _GAP, TITLE_LINES)
        self._step = cell + _GAP, size[1] + self._caption_height() + _GAP
        self._top = _GAP + len(self._title) * self._title_letters.height + _GAP // 2
        rows = -(-len(tiles) // self._columns)
        self._size = self._top + rows * self._step[1], across

    def png(self, colours: int) -> bytes:
        """Return the sheet with at most so many colours in its pictures."""
        indices, palette = _quantised(*self._colours, colours)
        canvas = np.full(self._size, len(palette), np.uint8)
        height, width = self._pictures[0].shape[:2]
        for place, caption in enumerate(self._captions):
            row, column = divmod(place, self._columns)
            top, left = self._top + row * self._step[1], _GAP + column * self._step[0]
            part = indices[place * height * width : (place + 1) * height * width]
            canvas[top : top + height, left : left + width] = part.reshape(height, width)
            self._write(canvas, caption, self._letters, top + height + 2, left, len(palette))
        self._write(canvas, self._title, self._title_letters, _GAP, _GAP, len(palette))
        image = Image.fromarray(canvas, "P")
        image.putpalette([*palette.reshape(-1).tolist(), *(shade for ink in _INKS for shade in ink)])
        file = io.BytesIO()
        image.save(file, "png", compress_level=6)
        return file.getvalue()

    def _grid(self, count: int, height: int, width: int) -> tuple[int, float]:
        """Return the number of columns that makes tiles largest, and the factor, at most 1, by which they are shrunk."""
        best = 1, 0.0
        for columns in range(1, count + 1):
            across = LONGEST / columns - _GAP * 2
            rows = -(-count // columns)
            down = (LONGEST - 80) / rows - _GAP - CAPTION_LINES * self._letters.height - 2
            fit = min(1.0, across / width, down / height)
            if fit > best[1]:
                best = columns, fit
        return best

    def _caption_height(self) -> int:
        return max(map(len, self._captions)) * self._letters.height + 2

    def _write(self, canvas: Array, lines: Sequence[str], letters: Lettering, top: int, left: int, ink: int) -> None:
        for number, line in enumerate(lines):
            grey = letters.strip(line, _WHITE)[:, : canvas.shape[1] - left, 0]
            row = top + number * letters.height
            canvas[row : row + letters.height, left : left + grey.shape[1]] = ink + grey // 64


def _shrunk(picture: Array, size: tuple[int, int]) -> Array:
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    return cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA)


def _colours(pixels: Array) -> tuple[Array, Array]:
    """Return uint8 (N, 3), the colours of uint8 (P, 3) pixels, and int64 (P), which of them each has.

    Where there are more than a palette holds, those that differ in the lowest two bits only count as one.
    """
    if len(np.unique(_packed(_sample(pixels)))) <= COLOURS[0]:
        found, places = np.unique(_packed(pixels), return_inverse=True)
        if len(found) <= COLOURS[0]:
            return found.view(np.uint8).reshape(-1, 4)[:, :3], places
    red, green, blue = (pixels[:, channel].astype(np.int64) >> 2 for channel in range(3))
    cells = red << 12 | green << 6 | blue
    found = np.flatnonzero(np.bincount(cells, minlength=1 << 18))
    numbers = np.zeros(1 << 18, np.int64)
    numbers[found] = np.arange(len(found))
    return np.stack([found >> 12, found >> 6 & 63, found & 63], axis=1).astype(np.uint8) << 2, numbers[cells]


def _quantised(found: Array, places: Array, colours: int) -> tuple[Array, Array]:
    """Return uint8 (P), each pixel's place in a palette, and the palette, uint8 (K, 3), K at most ``colours``."""
    if len(found) <= colours:
        return places.astype(np.uint8), found
    image = Image.fromarray(found[_sample(places)][None])
    image = image.quantize(colours, Image.Quantize.MEDIANCUT, kmeans=1)
    palette = np.array(image.getpalette(), np.uint8).reshape(-1, 3)[:colours]
    return _nearest(found, palette)[places], palette


def _sample(pixels: Array) -> Array:
    return pixels[:: 1 + len(pixels) // SAMPLE]


def _packed(pixels: Array) -> Array:
    packed = np.zeros((len(pixels), 4), np.uint8)
    packed[:, :3] = pixels
    return packed.view(np.uint32)[:, 0]


def _nearest(colours: Array, palette: Array) -> Array:
    """Return uint8 (N): for each of uint8 (N, 3) colours the place of the palette's nearest."""
    wanted, offered = colours.astype(np.float32), palette.astype(np.float32)
    lengths = (offered**2).sum(axis=1)
    parts = np.array_split(wanted, 1 + len(wanted) // 8192)
    return np.concatenate([np.argmin(lengths - 2 * part @ offered.T, axis=1) for part in parts]).astype(np.uint8)
