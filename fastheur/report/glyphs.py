"""The sign of every verdict: a shape and a colour each, so that nobody has to tell colours apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup


@dataclass(frozen=True)
class Glyph:
    """A verdict's sign: ``path`` is drawn around the place it stands for, ``word`` is what people read."""

    verdict: str
    word: str
    path: str


GLYPHS = {
    glyph.verdict: glyph
    for glyph in (
        Glyph("champion", "champion", "m0-7 7 7-7 7-7-7z"),
        Glyph("dethroned", "former champion", "m-4.5 0a4.5 4.5 0 109 0 4.5 4.5 0 10-9 0z"),
        Glyph("rejected", "rejected", "m-3.5-2.5h7l-3.5 6z"),
        Glyph("failed", "failed", "m-3-3 6 6m0-6-6 6"),
        Glyph("open", "undecided", "m-3-3h6v6h-6z"),
    )
}
"""By verdict, as the ledger calls it; in the order of a legend."""


def mark(verdict: str, x: float, y: float) -> str:
    """Return the part of an SVG path that draws a verdict's sign at a place."""
    return f"M{x:.4g} {y:.4g}{GLYPHS[verdict].path}"


def icon(verdict: str) -> Markup:
    """Return a verdict's sign as a small picture for running text; the page has :func:`sprites`, and the word beside it."""
    return Markup(f'<svg class="icon" aria-hidden="true"><use href="#g-{verdict}"/></svg>')


def crowd(verdict: str, places: Sequence[tuple[float, float]]) -> str:
    """Return SVG that draws a verdict's sign at many places to the pixel, at each once; the page has :func:`sprites`."""
    found = list(dict.fromkeys(f"{x:.0f} {y:.0f}" for x, y in places))
    points = " ".join(found if len(found) > 1 else found * 2)  # a line of one point has no markers
    ends = "" if len(found) < 2 else f' marker-mid="url(#m-{verdict})" marker-end="url(#m-{verdict})"'
    return f'<polyline class="crowd" points="{points}" marker-start="url(#m-{verdict})"{ends}/>'


def dots(places: Sequence[tuple[float, float]]) -> str:
    """Return one SVG path with a dot at each place, to the pixel, and several at the same one once; empty without places."""
    steps, last = list[str](), (0, 0)
    for place in sorted({(round(x), round(y)) for x, y in places}):
        steps.append(f"m{place[0] - last[0]} {place[1] - last[1]}h0".replace(" -", "-"))
        last = place
    return f'<path class="dots" d="M0 0{"".join(steps)}"/>' if steps else ""


def sprites() -> Markup:
    """Return what the icons and crowds of a page refer to."""
    symbols = "".join(
        f'<symbol id="g-{verdict}" viewBox="0 0 16 16"><path class="g-{verdict}" d="{mark(verdict, 8, 8)}"/></symbol>'
        f'<marker id="m-{verdict}" markerWidth="16" markerHeight="16" refX="8" refY="8" markerUnits="userSpaceOnUse">'
        f'<path class="g-{verdict} many" d="{mark(verdict, 8, 8)}"/></marker>'
        for verdict in GLYPHS
    )
    return Markup(f'<svg class="sprites" aria-hidden="true">{symbols}</svg>')
