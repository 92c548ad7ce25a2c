"""What changed between two versions of a policy, as a unified diff of the lines."""

import difflib
import re


def unified(a_source: str, b_source: str, a_name: str, b_name: str, context: int = 3) -> str:
    """Return the difference as a unified diff, or a sentence where there is none."""
    if a_source == b_source:
        return f"{a_name} and {b_name} are the same text.\n"
    lines = difflib.unified_diff(_lines(a_source), _lines(b_source), a_name, b_name, n=context)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(source: str) -> list[str]:
    """Split at line feeds only: a policy may hold any other character."""
    return re.findall(r"[^\n]*\n|[^\n]+", source)
