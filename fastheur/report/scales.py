"""Axes of a drawing: ticks that people can read, and where a value lies."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """A linear map from ``low .. high`` to ``start .. end`` pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        span = self.high - self.low
        return self.start + (value - self.low) / span * (self.end - self.start) if span else self.start


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` + 1 round values from ``low`` to ``high``, in steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    if span <= 0:
        return [low]
    magnitude = 10.0 ** math.floor(math.log10(span / most))
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if span / (magnitude * factor) <= most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def short(value: float) -> str:
    """Return a number as an axis has it: ``300k``, ``1.2M``, ``0.25``."""
    size = abs(value)
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size >= unit * (10 if letter == "k" else 1):
            return f"{value / unit:.4g}{letter}"
    return f"{value:,.0f}" if size >= 100 or value == int(value) else f"{value:.3g}"


def money(value: float) -> str:
    """Return US dollars."""
    return f"${value:,.0f}" if value == int(value) else f"${value:,.2f}" if value >= 0.01 else f"${value:.4f}"


def seconds_as(longest: float) -> tuple[str, float, Callable[[float], str]]:
    """Return the unit for times up to ``longest`` seconds: its name, its seconds, and how a number of it is written."""
    for name, unit in (("hours", 3600.0), ("minutes", 60.0)):
        if longest >= 2 * unit:
            return name, unit, short
    return "seconds", 1.0, short
