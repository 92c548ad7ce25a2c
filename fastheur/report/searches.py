"""What the rows of a parameter search tried, in words: the values that differ from the defaults of the policy searched."""

import ast
from collections.abc import Mapping

from fastheur.declarations import argument, number, param_calls
from fastheur.policy import Number

DEFAULTS = "the defaults"


def defaults_of(source: str) -> dict[str, Number]:
    """Return the defaults that a policy's text writes out; what cannot be seen there is left away."""
    try:
        calls = param_calls(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found = {name: number(argument(call, "default", 0)) for name, call in calls.items()}
    return {name: value for name, value in found.items() if value is not None}


def tried(params: Mapping[str, Number], defaults: Mapping[str, Number]) -> str:
    """Return the values that differ from the defaults: ``calm=7, centre=0.743``."""
    changed = {name: value for name, value in params.items() if name not in defaults or defaults[name] != value}
    return ", ".join(f"{name}={value:.6g}" for name, value in changed.items()) or DEFAULTS
