"""The forgetting matrix: which version kept which golden case, what was lost, when, by which edit, and what came back."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from fastheur.regress import GoldenCase

Change = Literal["kept", "lost", "still lost", "regained"]

_MARKS: dict[Change, str] = {"kept": "", "lost": "!", "still lost": "!", "regained": "^"}
MOST_COLUMNS = 16
"""Versions shown side by side; about a terminal's width."""


@dataclass(frozen=True)
class Version:
    """A version of a run: ``number``, the ``hypothesis`` of its edit, its ``parent``'s number, whether it was promoted."""

    number: int
    hypothesis: str
    parent: int | None
    promoted: bool


@dataclass(frozen=True)
class Event:
    """A case that an edit lost or regained, against what the version's ancestors did."""

    case: str
    version: Version
    change: Literal["lost", "regained"]

    def __str__(self) -> str:
        rejected = "" if self.version.promoted else " (not promoted)"
        return f"{self.change} at v{self.version.number}{rejected} by edit '{self.version.hypothesis}'"


@dataclass(frozen=True)
class Matrix:
    """Versions against golden cases.

    Attributes:
        versions: in order of their numbers. cases: the rows.
        outcomes: return by version number and case name; a pair that was not played is missing.
    """

    versions: tuple[Version, ...]
    cases: tuple[GoldenCase, ...]
    outcomes: Mapping[tuple[int, str], float]

    @cached_property
    def changes(self) -> dict[tuple[int, str], Change]:
        """What each version did to each case it played, against its nearest ancestor that played the case.

        A case counts as kept before anyone played it: the version that it was taken from reached its outcome.
        """
        parents = {version.number: version.parent for version in self.versions}
        found = dict[tuple[int, str], Change]()
        for case in self.cases:
            for version in self.versions:
                outcome = self.outcomes.get((version.number, case.name))
                if outcome is None:
                    continue
                ancestor = version.parent
                while ancestor is not None and (ancestor, case.name) not in found:
                    ancestor = parents.get(ancestor)
                had = ancestor is None or found[ancestor, case.name] in ("kept", "regained")
                has = outcome >= case.floor
                change: Change = ("kept" if had else "regained") if has else ("lost" if had else "still lost")
                found[version.number, case.name] = change
        return found

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """Everything that was lost or regained, by case and then in order."""
        pairs = (
            (case, version, self.changes.get((version.number, case.name)))
            for case in self.cases
            for version in self.versions
        )
        return tuple(
            Event(case.name, version, change) for case, version, change in pairs if change in ("lost", "regained")
        )

    @property
    def counts(self) -> dict[Change, int]:
        """How often each change happened, over all versions and cases."""
        seen = list(self.changes.values())
        return {change: seen.count(change) for change in _MARKS}

    @property
    def ever_lost(self) -> frozenset[str]:
        """Names of the cases that some version lost: the first to run again, see :func:`fastheur.regress.within`."""
        return frozenset(event.case for event in self.events if event.change == "lost")

    def text(self, most_columns: int = MOST_COLUMNS) -> str:
        """Return a plain table of the newest versions that played a case, the story of each lost case, and the counts."""
        played = [
            version
            for version in self.versions
            if any((version.number, case.name) in self.changes for case in self.cases)
        ]
        if not played:
            return "No golden case has been played yet."
        columns = played[-most_columns:]
        rows = [["case", "floor", *(f"v{version.number}" for version in columns)]]
        rows += [
            [case.name, f"{case.floor:.6g}", *(self._cell(version, case) for version in columns)] for case in self.cases
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in rows]
        if len(columns) < len(played):
            lines.append(f"({len(played) - len(columns)} older versions are not shown)")
        stories = (self._story(case) for case in self.cases)
        counts = ", ".join(f"{count} {change}" for change, count in self.counts.items())
        legend = "Return of each version; ! under the floor, ^ regained, . not played."
        return "\n".join([*lines, legend, *(story for story in stories if story), f"In all: {counts}."])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return {
            "versions": [version.number for version in self.versions],
            "cases": [
                {
                    "name": case.name,
                    "floor": case.floor,
                    "outcomes": [self.outcomes.get((version.number, case.name)) for version in self.versions],
                    "changes": [self.changes.get((version.number, case.name)) for version in self.versions],
                }
                for case in self.cases
            ],
            "counts": self.counts,
        }

    def _cell(self, version: Version, case: GoldenCase) -> str:
        key = (version.number, case.name)
        return f"{self.outcomes[key]:.5g}{_MARKS[self.changes[key]]}" if key in self.changes else "."

    def _story(self, case: GoldenCase) -> str:
        events = [str(event) for event in self.events if event.case == case.name]
        return f"{case.name}: {', '.join(events)}" if events else ""


def _aligned(row: list[str], widths: list[int]) -> list[str]:
    name, *numbers = row
    return [name.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))]
