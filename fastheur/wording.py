"""Text for a reader whose attention is counted in tokens: whole lines within a bound."""

from collections.abc import Sequence

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English text and figures."""


def bounded(lines: Sequence[str], most_tokens: int) -> str:
    """Join as many whole lines as fit, and say how many do not; the first line is always there."""
    most = most_tokens * CHARACTERS_PER_TOKEN
    if sum(len(line) + 1 for line in lines) - 1 <= most:
        return "\n".join(lines)
    kept, used = [lines[0]], len(lines[0])
    room = most - len(f"\n({len(lines)} more lines left out)")
    for line in lines[1:]:
        if used + 1 + len(line) > room:
            break
        kept.append(line)
        used += 1 + len(line)
    return "\n".join([*kept, f"({len(lines) - len(kept)} more lines left out)"])


def action_name(action: int, meanings: Sequence[str]) -> str:
    """Return an action's meaning, or its number."""
    return meanings[action] if action < len(meanings) else str(action)
