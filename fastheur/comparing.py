"""What changed between two versions of a policy: the lines, and the values of its parameters."""

import difflib
import re
from collections.abc import Mapping

from fastheur.policy import Number


def unified(a_source: str, b_source: str, a_name: str, b_name: str, context: int = 3) -> str:
    """Return the difference as a unified diff, or a sentence where there is none."""
    if a_source == b_source:
        return f"{a_name} and {b_name} are the same text.\n"
    lines = difflib.unified_diff(_lines(a_source), _lines(b_source), a_name, b_name, n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def changed_params(a: Mapping[str, Number], b: Mapping[str, Number]) -> dict[str, tuple[Number | None, Number | None]]:
    """Return the parameters that differ, with both values; None where a version does not declare it."""
    names = [*a, *(name for name in b if name not in a)]
    return {name: (a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)}


def _lines(source: str) -> list[str]:
    """Split at line feeds only: a policy may hold any other character."""
    return re.findall(r"[^\n]*\n|[^\n]+", source)
