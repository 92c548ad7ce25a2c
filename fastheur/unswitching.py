"""Simplifies a tuned policy without a language model: switches whose value is settled are folded into the code.

A switch is a parameter declared with ``choices``. Conditions on it lose their dead branch, other uses become the number,
its entry in PARAMS goes, and so does what was used by the dead branches only. The edits are made in the text, so comments
and formatting stay. What cannot be followed for certain is left alone: then there is no result.
"""

import ast
from collections.abc import Mapping

from fastheur.complexity import complexity
from fastheur.declarations import argument, literal, number, param_calls
from fastheur.editing import Source
from fastheur.folding import cut_unreachable, fold, substitute
from fastheur.policy import Number
from fastheur.pruning import prune, used_names, without_item, without_top_level
from fastheur.settled import Settled, Unclear, module_names


def unswitched(source: str, values: Mapping[str, Number]) -> str | None:
    """Return the text of the same policy with its switches settled, or None if nothing gets shorter.

    Args:
        source: a kernel policy that keeps the contract. values: of its parameters; only switches named here are folded.
            The other parameters keep their defaults, see :func:`fastheur.baking.bake`.

    The result plays as ``source`` does with ``values``. Its caller checks that too: see the gate.
    """
    text = Source(source.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.text.endswith("\n"):
        text = Source(f"{text.text}\n")
    before = used_names(text.tree)
    switches = _switches(text.tree, values)
    if not switches:
        return None
    try:
        result = _folded(text, switches)
        for name in switches:
            result = _without_entry(result, name)
        result = _pruned(result, before)
        return result if complexity(result).simpler_than(complexity(source)) else None
    except (Unclear, SyntaxError):  # the latter where an edit met a layout that it does not understand
        return None


def _switches(tree: ast.Module, values: Mapping[str, Number]) -> dict[str, Number]:
    """Return the switches with the values that kernels see: ints where default and choices are whole, else floats."""
    if _params(tree) is None:
        return {}
    found = dict[str, Number]()
    for name, call in param_calls(tree).items():
        choices, default = literal(argument(call, "choices", 3)), number(argument(call, "default", 0))
        if name in values and isinstance(choices, tuple) and choices and default is not None:
            whole = all(isinstance(value, int) for value in (default, *choices))
            found[name] = int(values[name]) if whole else float(values[name])
    return found


def _params(tree: ast.Module) -> tuple[ast.stmt, ast.Dict] | None:
    """Return the statement that declares PARAMS and its dict, if that is the only mention of it and has no surprises."""
    mentions = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "PARAMS"]
    statement = next((one for one in tree.body if "PARAMS" in module_names(one)), None)
    value = getattr(statement, "value", None)
    if statement is None or len(mentions) != 1 or not isinstance(value, ast.Dict) or None in value.keys:
        return None
    return statement, value


def _folded(text: Source, values: Mapping[str, Number]) -> str:
    """Fold all conditions, one after the other: each changes the text that the next stands in."""
    while (result := fold(text, Settled(text.tree, values))) is not None:
        text = Source(result)
    return substitute(text, Settled(text.tree, values))


def _without_entry(text: str, name: str) -> str:
    """Return the text without a parameter's declaration, or without PARAMS where it was the only one."""
    source = Source(text)
    declared = _params(source.tree)
    if declared is None:
        raise Unclear("PARAMS is not one literal dict")
    statement, entries = declared
    keys = [key for key in entries.keys if key is not None]
    if len(keys) == 1:
        return without_top_level(source, statement)
    place = [literal(key) for key in keys].index(name)
    return without_item(source, entries.values, keys, place)


def _pruned(text: str, before: frozenset[str]) -> str:
    result: str | None = text
    while result is not None:
        text, source = result, Source(result)
        result = cut_unreachable(source) or prune(source, before)
    return text
