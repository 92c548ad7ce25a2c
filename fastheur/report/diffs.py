"""What an edit changed, as lines to be coloured; quick for thousands of versions that differ in a few lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from fastheur.comparing import unified

CONTEXT = 3
"""Lines shown around a change."""

_TAGS = {"added": "ins", "removed": "del", "place": "i"}
_HUNK = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


@dataclass(frozen=True)
class Part:
    """Neighbouring lines of one kind: ``added``, ``removed``, ``same`` or ``place``, which says where what follows stands."""

    kind: str
    text: str


def changes(old: str, new: str, context: int = CONTEXT) -> list[Part]:
    """Return the unified difference of two texts, neighbouring lines of a kind together; nothing where they are equal."""
    if old == new:
        return []
    skipped, before, after = _without_ends(old, new, context)
    lines = unified(before, after, "old", "new", context).split("\n")[2:-1]
    parts: list[Part] = []
    for kind, line in _kinds(lines, skipped):
        if parts and parts[-1].kind == kind and kind != "place":
            parts[-1] = Part(kind, f"{parts[-1].text}\n{line}")
        else:
            parts.append(Part(kind, line))
    return parts


def counted(parts: list[Part]) -> tuple[int, int]:
    """Return how many lines were added and removed."""
    added, removed = (
        sum(part.text.count("\n") + 1 for part in parts if part.kind == kind) for kind in ("added", "removed")
    )
    return added, removed


def changed(part: Part) -> Markup:
    """Return neighbouring lines as HTML; quotation marks stay what they are, as they may between tags."""
    text = part.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    tag = _TAGS.get(part.kind)
    return Markup(f"<{tag}>{text}</{tag}>" if tag else text)


def _kinds(lines: list[str], skipped: int) -> Iterator[tuple[str, str]]:
    names = {"+": "added", "-": "removed", "@": "place"}
    for line in lines:
        kind = names.get(line[:1], "same")
        if kind == "place":
            line = _HUNK.sub(lambda found: _moved(found, skipped), line)
        yield kind, line


def _moved(found: "re.Match[str]", skipped: int) -> str:
    old, old_size, new, new_size = found.groups(default="")
    return f"@@ -{int(old) + skipped}{old_size} +{int(new) + skipped}{new_size} @@"


def _without_ends(old: str, new: str, context: int) -> tuple[int, str, str]:
    """Leave away what both texts begin and end with, but for the lines shown around a change; also how many at the start."""
    before, after = old.split("\n"), new.split("\n")
    shorter = min(len(before), len(after))
    start = next((place for place in range(shorter) if before[place] != after[place]), shorter)
    end = next((place for place in range(shorter - start) if before[-1 - place] != after[-1 - place]), shorter - start)
    start, end = max(0, start - context), max(0, end - context - 1)
    cut = slice(start, -end or None)
    tail = "\n" if end else ""
    return start, "\n".join(before[cut]) + tail, "\n".join(after[cut]) + tail
