"""Reads the names of a VizDoom scenario's buttons from its configuration file, in the order in which actions have them."""

import re
from pathlib import Path

_BUTTONS = re.compile(r"^\s*available_?buttons\s*\+?=\s*\{(.*?)\}", re.IGNORECASE | re.MULTILINE | re.DOTALL)


def button_names(path: str | Path, size: int) -> tuple[str, ...]:
    """Return the names (``MOVE_LEFT``, ``ATTACK`` ...) of ``size`` buttons; nothing where the file has others, or is none."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    lines = (line.split("#", 1)[0] for line in text.splitlines())
    found = _BUTTONS.search("\n".join(lines))
    names = tuple(found.group(1).upper().split()) if found else ()
    return names if len(names) == size else ()
