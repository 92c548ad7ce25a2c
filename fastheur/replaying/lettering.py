"""Readable text for pictures of a replay: every letter is drawn once and then copied."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fastheur.batch import Array

Colour = tuple[int, int, int]


class Lettering:
    """Pillow's own TrueType font in one size on one background.

    Digits are equally wide, so that a number that changes does not move about.

    Args:
        size: height of the letters in pixels. background: RGB behind them.
    """

    def __init__(self, size: int, background: Colour) -> None:
        self._font = ImageFont.load_default(size)
        self._background = background
        ascent, descent = self._font.getmetrics()  # type: ignore[union-attr]
        self.height: int = ascent + descent
        digits = "0123456789"
        self._advances = dict.fromkeys(digits, max(round(self._font.getlength(digit)) for digit in digits))
        self._letters: dict[tuple[str, Colour], Array] = {}
        self._widest = np.zeros((self.height, 0, 3), np.uint8)

    def strip(self, text: str, colour: Colour, width: int | None = None) -> Array:
        """Return uint8 (height, W, 3) with the text on the background.

        Args:
            width: W, with the text at its right end, cut off where it is longer; None: as wide as the text.
        """
        if width is not None:
            text = self.cut(text, width)
        letters = self._letters
        parts = [letters.get((letter, colour)) for letter in text]
        drawn = [self._draw(letter, colour) if part is None else part for letter, part in zip(text, parts, strict=True)]
        before = 0 if width is None else width - sum(part.shape[1] for part in drawn)
        return np.concatenate([self._blank(before), *drawn], axis=1)

    def width(self, text: str) -> int:
        """Return how many pixels a text takes."""
        return sum(self._advance(letter) for letter in text)

    def cut(self, text: str, width: int) -> str:
        """Return the text, or as much of it as fits into ``width`` pixels, with an ellipsis behind."""
        if self.width(text) <= width:
            return text
        while text and self.width(text + "…") > width:
            text = text[:-1]
        return text + "…" if text else ""

    def lines(self, text: str, width: int, most: int) -> list[str]:
        """Break a text between words into at most ``most`` lines; what does not fit into the last one is cut off."""
        found = [""]
        for word in text.split():
            longer = f"{found[-1]} {word}".strip()
            if self.width(longer) <= width or not found[-1] or len(found) == most:
                found[-1] = longer
            else:
                found.append(word)
        return [self.cut(line, width) for line in found]

    def _advance(self, letter: str) -> int:
        found = self._advances.get(letter)
        if found is None:
            found = self._advances[letter] = round(self._font.getlength(letter))
        return found

    def _blank(self, width: int) -> Array:
        if width > self._widest.shape[1]:
            self._widest = np.full((self.height, 2 * width, 3), self._background, np.uint8)
        return self._widest[:, :width]

    def _draw(self, letter: str, colour: Colour) -> Array:
        width = self._advance(letter)
        image = Image.new("RGB", (width, self.height), self._background)
        left = (width - round(self._font.getlength(letter))) // 2
        ImageDraw.Draw(image).text((left, 0), letter, colour, self._font)
        found = self._letters[letter, colour] = np.asarray(image)
        return found
