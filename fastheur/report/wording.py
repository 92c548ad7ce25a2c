"""Numbers and times as a report writes them; what is unknown is a dash, never 0."""

import time
from typing import Any

from fastheur.model_steps import planned
from fastheur.report.comparing import Difference
from fastheur.report.records import Idea

UNKNOWN = "–"


def number(value: float | None) -> str:
    """Return a score with two decimals at most, or four digits; the minus is a real one."""
    if value is None:
        return UNKNOWN
    large = abs(value) >= 10 or value == 0
    return (f"{value:,.2f}".rstrip("0").rstrip(".") if large else f"{value:.4g}").replace("-", "−")


def third(value: float | None) -> str:
    """Return a human-normalised score with three decimals."""
    return UNKNOWN if value is None else f"{value:.3f}".replace("-", "−")


def whole(value: int | None) -> str:
    """Return a count."""
    return UNKNOWN if value is None else f"{value:,}"


def signed(value: float | None) -> str:
    """Return a difference with its sign."""
    if value is None:
        return UNKNOWN
    text = number(abs(value))
    return text if value == 0 else f"+{text}" if value > 0 else f"−{text}"


def seconds(value: float | None) -> str:
    """Return a duration: ``0.42 s``, ``12.3 s``, ``3 min 20 s``, ``5 h 12 min``."""
    if value is None:
        return UNKNOWN
    if value < 100:
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def dollars(value: float | None) -> str:
    """Return US dollars."""
    return UNKNOWN if value is None else f"${value:,.2f}" if value >= 1 or value == 0 else f"${value:.4f}"


def when(value: float | None) -> str:
    """Return a Unix time as date and minute, in UTC."""
    return UNKNOWN if value is None else time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(value))


def interval(low: float | None, high: float | None) -> str:
    """Return a 95 % interval, nothing where there is none."""
    return "" if low is None or high is None else f"{number(low)} to {number(high)}"


def range_of(difference: Difference) -> str:
    """Return the 95 % interval of a difference, nothing where one episode is all there is."""
    low, high = difference.low, difference.high
    return "" if low is None or high is None else f"{signed(low)} to {signed(high)}"


def facts(idea: Idea, unit: str) -> str:
    """Return what a version took, and what it is."""
    parts = [f"trial {idea.trial}"] if idea.trial else []
    parts.append(f"at {idea.place.env_steps:,} {unit}")
    parts += [f"{role} {steps:,}" for role, steps in idea.env_steps.items()]
    parts += [planned(idea.model_steps)] if idea.model_steps is not None else []
    parts += [f"{idea.tokens:,} tokens"] if idea.tokens is not None else []
    parts += [dollars(idea.money)] if idea.money is not None else []
    return ", ".join([*parts, f"size {idea.complexity:,}", f"SHA-256 {idea.sha256[:16]}"])


FILTERS: dict[str, Any] = {
    "number": number,
    "third": third,
    "whole": whole,
    "signed": signed,
    "seconds": seconds,
    "dollars": dollars,
    "when": when,
    "range_of": range_of,
    "facts": facts,
    "planned": planned,
}
"""By the names that the templates have for them."""
