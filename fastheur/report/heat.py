"""The forgetting matrix as a table that fits on a page: golden cases by the versions that played them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastheur.forgetting import Change, Event, Matrix, Version
from fastheur.regress import GoldenCase

MOST_COLUMNS = 60
MOST_ROWS = 60
MOST_EVENTS = 200
"""Of the last losses and returns, told one by one."""


@dataclass(frozen=True)
class Cell:
    """What a version did to a case: its ``outcome``, and whether that case was kept, lost or regained by it."""

    outcome: float
    change: Change


@dataclass(frozen=True)
class Heat:
    """A part of the matrix that can be taken in.

    Attributes:
        columns: versions, in order. rows: a case each with a cell per column, None where it was not played.
        events: everything lost or regained. counts: of each change over the whole matrix. hidden: columns and rows left out.
    """

    columns: Sequence[Version]
    rows: Sequence[tuple[GoldenCase, Sequence[Cell | None]]]
    events: Sequence[Event]
    counts: dict[Change, int]
    hidden: tuple[int, int]


def heat_of(matrix: Matrix) -> Heat | None:
    """Return what a page shows of a matrix, None where there are no golden cases.

    Of many versions those that lost, regained or were promoted come before the others, the newest first; of many cases those
    that were ever lost.
    """
    if not matrix.cases:
        return None
    changes = matrix.changes
    played = {number for number, _ in changes}
    telling = {event.version.number for event in matrix.events}
    columns = [version for version in matrix.versions if version.number in played]
    chosen = sorted(columns, key=lambda one: (one.number in telling, one.promoted, one.number))[-MOST_COLUMNS:]
    chosen.sort(key=lambda one: one.number)
    lost = matrix.ever_lost
    cases = sorted(enumerate(matrix.cases), key=lambda pair: (pair[1].name in lost, pair[0]))[-MOST_ROWS:]
    cases.sort(key=lambda pair: pair[0])
    rows = [(case, [_cell(matrix, version, case) for version in chosen]) for _, case in cases]
    hidden = (len(columns) - len(chosen), len(matrix.cases) - len(cases))
    return Heat(chosen, rows, matrix.events, matrix.counts, hidden)


def _cell(matrix: Matrix, version: Version, case: GoldenCase) -> Cell | None:
    key = (version.number, case.name)
    change = matrix.changes.get(key)
    return None if change is None else Cell(matrix.outcomes[key], change)
