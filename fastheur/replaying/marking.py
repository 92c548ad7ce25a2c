"""Says where a policy believes things to be: the marks it declares, with the values of its state."""

import math
from collections.abc import Mapping

from fastheur.contract_checks import Place
from fastheur.record import Number
from fastheur.replaying.frames import Mark


def marks_of(declared: Mapping[str, tuple[Place, ...]], state: Mapping[str, Number]) -> tuple[Mark, ...]:
    """Return the marks to draw, in the order in which they were declared.

    A mark is left out where a coordinate is negative or no finite number, by which a policy says that it sees nothing, and
    where its box has no size.

    Args:
        declared: ``Declaration.marks``. state: the fields with their values; NaN has to be NaN still.
    """
    found = []
    for label, places in declared.items():
        values = [_value(place, state) for place in places]
        if any(value is not None and not math.isfinite(value) for value in values):
            continue
        x, y, *box = values
        if any(value is not None and value < 0 for value in (x, y)) or any(not value or value <= 0 for value in box):
            continue
        width, height = (float(value or 0) for value in box) if box else (0.0, 0.0)
        found.append(Mark(label, x, y, width, height))
    return tuple(found)


def _value(place: Place, state: Mapping[str, Number]) -> float | None:
    if not isinstance(place, tuple):
        return None if place is None else float(place)
    field, offset = place
    return float(state.get(field, math.nan)) + offset
