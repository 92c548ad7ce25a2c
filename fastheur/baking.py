"""Writes parameter values into a policy's text as the defaults of its PARAMS; comments and formatting stay."""

import ast
import math
from collections.abc import Mapping

from fastheur.declarations import argument, number, param_calls
from fastheur.editing import Edit, Source
from fastheur.policy import Number

DIGITS = 10
"""Significant digits of a float between bounds: what a search found is not known any better."""


def bake(source: str, values: Mapping[str, Number]) -> str:
    """Return the text with ``values`` as the defaults.

    Where a declaration cannot be edited in place (PARAMS is built by code, say), a line at the end of the file rebuilds
    its entry.

    Args:
        values: of declared parameters, as :meth:`fastheur.loading.Policy.values` returns them: int where the parameter is
            whole, else float. A float is rounded to 10 digits where that keeps it within bounds.

    Raises:
        SyntaxError: the text is not Python.
    """
    text = Source(source)
    calls = param_calls(text.tree)
    edits, appended = list[Edit](), list[str]()
    for name, value in values.items():
        call = calls.get(name)
        default = argument(call, "default", 0) if call else None
        if call is None or default is None:
            entry = f'PARAMS["{name}"]'
            appended.append(f"{entry} = type({entry})({_written(value)}, {entry}.low, {entry}.high, {entry}.choices)\n")
            continue
        new = _rounded(call, value)
        old = number(default)
        if old is None or old != new or isinstance(old, int) != isinstance(new, int):
            edits.append(Edit(*text.span(default), _written(new)))
    result = text.edited(edits)
    if appended and not result.endswith("\n"):
        result += "\n"
    return result + "".join(appended)


def _rounded(call: ast.Call, value: Number) -> Number:
    """Return a float with fewer digits where the declaration shows that it may have them."""
    low, high, choices = (argument(call, word, place) for place, word in enumerate(("low", "high", "choices"), 1))
    if not isinstance(value, float) or choices is not None:
        return value
    least = -math.inf if low is None else number(low)
    most = math.inf if high is None else number(high)
    short = float(f"{value:.{DIGITS}g}")
    return short if least is not None and most is not None and least <= short <= most else value


def _written(value: Number) -> str:
    return repr(float(value)) if isinstance(value, float) else repr(int(value))
