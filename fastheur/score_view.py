"""How Scorecards look, from their plain values (``Scorecard.to_dict()``): a table on a terminal, a small page in a notebook."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from fastheur import notebook
from fastheur.model_steps import planned
from fastheur.tasks import references

Values = Mapping[str, Any]

_WIDTH, _HEIGHT, _EDGE = 240, 28, 4
"""Pixels of the strip of returns, and what is left free around its marks."""

_MOST_MARKS = 500
"""Episodes that the strip shows; of more, evenly spread ones of the sorted returns."""


def table(cards: Sequence[Values], title: str | None = None) -> Table:
    """Return the table that every evaluation ends in: score, record, HNS, steps/s. Fits 80 columns."""
    shown = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, caption_justify="left")
    for name in ("task", "protocol"):
        shown.add_column(name, no_wrap=True)
    for name in ("eps", "score", "record", "HNS", "steps/s"):
        shown.add_column(name, justify="right", no_wrap=True)
    for card in cards:
        record = references().get(card["env_id"])
        shown.add_row(
            f"{card['env_id']} {card['obs_mode']}",
            f"{card['protocol']} {card['split']}",
            str(card["episodes"]),
            score(card),
            "-" if record is None else f"{record.score:,.6g}",
            number(card["hns_mean"]),
            f"{card['steps_per_s']:,.0f}",
        )
    notes = [(card["policy"], planned(card.get("model_steps"))) for card in cards]
    shown.caption = "\n".join(f"{policy} {note}" for policy, note in notes if note) or None
    return shown


def score(card: Values) -> str:
    """Return the mean in rich's markup, and under it how sure it is."""
    below = _certainty(card)
    return number(card["score_mean"]) + (f"\n[dim]{below}[/dim]" if below else "")


def number(value: float | None) -> str:
    """Return a score with two digits, ``-`` where there is none."""
    return "-" if value is None else f"{value:,.2f}"


def _certainty(card: Values) -> str:
    if card["score_mean"] is None:
        return ""
    if card["whole_population"]:
        return "exact"
    return "" if card["ci_low"] is None else f"{card['ci_low']:,.1f}..{card['ci_high']:,.1f}"


def as_html(card: Values, spread: str = "") -> str:
    """Return a self-contained HTML table with a strip of the returns; every text in it is escaped.

    Args:
        spread: the uncertainty in words; the interval, where nothing else is said.
    """
    if not spread and card["ci_low"] is not None:
        spread = f"95 % interval {card['ci_low']:,.2f} .. {card['ci_high']:,.2f}"
    record = references().get(card["env_id"])
    params = ", ".join(f"{name}={value:g}" for name, value in sorted(card["params"].items()))
    speed = f" at {card['steps_per_s']:,.0f}/s" if card["steps_per_s"] else ""
    trial = "" if card["trial"] is None else f", trial {card['trial']}"
    rows = (
        ("score", f"{number(card['score_mean'])}{f' ({spread})' if spread else ''}"),
        ("human-normalised", None if card["hns_mean"] is None else f"{card['hns_mean']:.3f}"),
        ("record", None if record is None else f"{record.score:,.6g} under {record.protocol} ({record.source})"),
        (
            "played",
            f"{card['episodes']:,} episodes, {card['env_steps']:,} env steps{speed}{trial}",
        ),
        ("planning", planned(card.get("model_steps")) or None),
        (
            "protocol",
            f"{card['protocol']}, split {card['split']}{', warm slots: screening only' if card['warm'] else ''}",
        ),
        ("policy", f"{card['policy']}{f' with {params}' if params else ''}"),
        ("hash", str(card["policy_sha256"])),
    )
    cells = [(name, html.escape(text)) for name, text in rows if text is not None]
    strip = _strip(card["returns"], card["score_mean"])
    if strip:
        cells.append(("returns", strip))
    return notebook.block(f"{card['env_id']} {card['obs_mode']}", notebook.table(cells, quiet=(0,)))


def _strip(returns: Sequence[float], mean: float | None) -> str:
    """Return the returns as ticks on a line, the mean as a taller one; empty where all of them are the same."""
    ordered = sorted(returns)
    if len(ordered) < 2 or ordered[0] == ordered[-1]:
        return ""
    low, high = ordered[0], ordered[-1]

    def at(value: float) -> str:
        return f"{_EDGE + (_WIDTH - 2 * _EDGE) * (value - low) / (high - low):.1f}"

    count = min(len(ordered), _MOST_MARKS)
    picked = [ordered[place * (len(ordered) - 1) // (count - 1)] for place in range(count)]
    opacity = max(0.25, min(0.8, 30 / count))
    ticks = "".join(f"M{at(value)} 9V{_HEIGHT - 9}" for value in picked)
    middle = "" if mean is None else f'<path d="M{at(mean)} 3V{_HEIGHT - 3}" stroke-width="3"/>'
    label = html.escape(f"{len(ordered)} returns from {low:,.6g} to {high:,.6g}")
    return (
        f'<svg role="img" aria-label="{label}" width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'fill="none" stroke="currentColor" style="vertical-align:middle">'
        f'<path d="M{_EDGE} {_HEIGHT // 2}H{_WIDTH - _EDGE}" opacity=".3"/>'
        f'<path d="{ticks}" stroke-width="1.5" opacity="{opacity:.2f}"/>{middle}</svg>'
        f'<div style="display:flex;justify-content:space-between;width:{_WIDTH}px;opacity:.7">'
        f"<span>{low:,.6g}</span><span>{high:,.6g}</span></div>"
    )
