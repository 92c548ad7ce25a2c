"""Small pictures in a line of text: the running best of a task, and means with their intervals."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from fastheur.report.comparing import Sample
from fastheur.report.scales import Scale, short, ticks

_WIDTH, _HEIGHT = 120, 28
_MOST_POINTS = 120


def sparkline(points: Sequence[tuple[float, float]], words: str) -> Markup:
    """Return the running best as a step line.

    Args:
        points: what was spent, and the best score by then, in order. words: what a reader is told instead.
    """
    if not points:
        return Markup("")
    changes = [one for place, one in enumerate(points) if place == 0 or one[1] != points[place - 1][1]][:_MOST_POINTS]
    low, high = min(score for _, score in points), max(score for _, score in points)
    x = Scale(0.0, points[-1][0] or 1.0, 3, _WIDTH - 5)
    y = Scale(low, high or 1.0, _HEIGHT - 4, 4) if high > low else Scale(low - 1, low + 1, _HEIGHT - 4, 4)
    path = f"M{x(changes[0][0]):.1f} {y(changes[0][1]):.1f}"
    path += "".join(f"H{x(at):.1f}V{y(score):.1f}" for at, score in changes[1:])
    end = y(points[-1][1])
    return Markup(
        f'<svg class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(words)}">'
        f'<path d="{path}H{x.end:.1f}"/><circle cx="{x.end:.1f}" cy="{end:.1f}" r="2.5"/></svg>'
    )


def intervals(samples: Sequence[tuple[str, Sample]]) -> Markup:
    """Return means and their 95 % intervals under one another on one scale."""
    ends = [end for _, sample in samples for end in (*(sample.interval or ()), sample.mean)]
    low, high = min(ends), max(ends)
    pad = 0.08 * ((high - low) or abs(high) or 1.0)
    x = Scale(low - pad, high + pad, 84, 348)
    bottom = 8 + 26 * len(samples)
    parts = [
        f'<svg class="intervals" viewBox="0 0 360 {bottom + 20}" role="img" aria-label="means and 95 % intervals">'
    ]
    for tick in ticks(x.low, x.high, 4):
        at = f"{x(tick):.1f}"
        parts.append(f'<path class="grid" d="M{at} 4V{bottom}"/><text class="tick" x="{at}" y="{bottom + 14}" '
                     f'text-anchor="middle">{short(tick)}</text>')  # fmt: skip
    for number, (name, sample) in enumerate(samples):
        y = 20 + 26 * number
        parts.append(f'<text class="name" x="0" y="{y}" dy=".35em">{escape(name)}</text>')
        if sample.interval:
            left, right = map(x, sample.interval)
            parts.append(
                f'<path class="whisker w-{name}" d="M{left:.1f} {y}H{right:.1f}M{left:.1f} {y - 5}v10M{right:.1f} {y - 5}v10"/>'
            )
        parts.append(f'<circle class="mean w-{name}" cx="{x(sample.mean):.1f}" cy="{y}" r="5"/>')
    return Markup("".join([*parts, "</svg>"]))
