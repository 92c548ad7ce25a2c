"""A run's memory as text: notes, failed directions and summaries, for a brief of bounded length and for memory.md whole."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["note", "failed_direction", "summary"]

_WORDS: dict[Kind, str] = {"note": "Note", "failed_direction": "Failed direction", "summary": "Summary"}
_CHARACTERS_PER_TOKEN = 4
"""Of English text, roughly; what it is used for bounds a length, and charges nothing."""

_LONGEST_SENTENCE = 160
"""Characters of a shortened entry: a text without a full stop has a first sentence too."""


@dataclass(frozen=True)
class Entry:
    """Something to remember.

    Attributes:
        kind: a summary stands for all entries before it. text: as it was given. at: time, ISO 8601. op: number of the
            operation that it came with.
    """

    kind: Kind
    text: str
    at: str
    op: int

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"An entry of kind {self.kind!r} was found, expected one of {', '.join(get_args(Kind))}.")


def tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def shown(entries: Sequence[Entry], most_tokens: int) -> str:
    """Return the memory for a brief, in about ``most_tokens`` tokens; its first line says what is shortened or missing.

    The latest summary comes first, in full however long, and stands for what was before it. Of the others the newest are in full
    and older ones as their first sentence; where even these are too many, the oldest are left out.
    """
    start = max((place for place, entry in enumerate(entries) if entry.kind == "summary"), default=0)
    later = list(entries[start:])
    head = [later.pop(0)] if later and later[0].kind == "summary" else []
    room = most_tokens - sum(tokens(_line(entry)) for entry in head)
    short = [_line(entry, first_sentence(entry.text)) for entry in later]
    costs = [tokens(line) for line in short]
    kept = _fitting(costs, room)
    room -= sum(costs[len(later) - kept :])
    extra = [tokens(_line(entry)) - cost for entry, cost in zip(later, costs, strict=True)]
    full = _fitting(extra[len(later) - kept :], room)
    lines = [_line(entry) for entry in head]
    lines += short[len(later) - kept : len(later) - full]
    lines += [_line(entry) for entry in later[len(later) - full :]]
    shortened = sum(cost > 0 for cost in extra[len(later) - kept : len(later) - full])
    return "\n".join([_heading(len(entries), start, shortened, len(later) - kept), *lines])


def as_markdown(entries: Sequence[Entry]) -> str:
    """Return all of the memory, in order, as the text of memory.md."""
    parts = [
        "# Memory",
        *(f"## {_WORDS[entry.kind]} ({entry.at}, operation {entry.op})\n\n{entry.text.strip()}" for entry in entries),
    ]
    return "\n\n".join(parts if entries else [*parts, "Nothing yet."]) + "\n"


def first_sentence(text: str) -> str:
    """Return the first sentence of a text, at most 160 characters of it; `` ...`` where anything is missing."""
    whole = text.strip()
    sentence = re.split(r"(?<=[.!?])\s|\n", whole, maxsplit=1)[0]
    if len(sentence) > _LONGEST_SENTENCE:
        sentence = sentence[:_LONGEST_SENTENCE].rsplit(" ", 1)[0]
    return sentence if sentence == whole else f"{sentence} ..."


def _line(entry: Entry, text: str | None = None) -> str:
    return f"- {_WORDS[entry.kind]} ({entry.op}): {(entry.text if text is None else text).strip()}"


def _fitting(costs: Sequence[int], room: int) -> int:
    """Return how many of the last ``costs`` fit into ``room`` together."""
    count = 0
    for cost in reversed(costs):
        if cost > room:
            break
        room -= cost
        count += 1
    return count


def _heading(count: int, folded: int, shortened: int, left_out: int) -> str:
    parts = [f"Memory: {count} {'entry' if count == 1 else 'entries'}"]
    if folded:
        parts.append(f"the first {folded} are in the summary")
    if shortened:
        parts.append(f"{shortened} shown as their first sentence")
    if left_out:
        parts.append(f"{left_out} older not shown")
    tail = " (memory.md has all in full; note with summary=true to fold them)" if shortened or left_out else ""
    return f"{'; '.join(parts)}{tail}."
