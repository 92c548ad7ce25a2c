"""Finds on a policy file's syntax tree, without running it, what it declares and whether it plans."""

import ast

from fastheur.errors import PolicyError
from fastheur.policy import Number
from fastheur.source_limits import read_tree

_PLANNER = "fastheur.planner."


def param_calls(tree: ast.Module) -> dict[str, ast.Call]:
    """Return the call that makes each parameter, as far as it stands in the text.

    Understood are a literal dict, and later lines ``PARAMS["name"] = Param(...)`` or ``= type(PARAMS["name"])(...)``. Any other
    statement about PARAMS may change anything, so what came before it does not count.
    """
    makers = _makers(tree)
    found = dict[str, ast.Call]()
    for statement in tree.body:
        entries = _entries(statement)
        if entries is None:
            if any(isinstance(node, ast.Name) and node.id == "PARAMS" for node in ast.walk(statement)):
                found = {}
            continue
        if not isinstance(_target(statement), ast.Subscript):
            found = {}
        for key, value in entries:
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                found = {}
                continue
            found.pop(key.value, None)
            if isinstance(value, ast.Call) and _makes_param(value.func, makers):
                found[key.value] = value
    return found


def plans_in(source: str, name: str) -> bool:
    """Say whether a policy's text names the planner in any of the ways in which Python lets it; its code is not run."""
    if "planner" not in source:
        return False
    try:
        tree = read_tree(source, name)
    except PolicyError:  # what is no Python plans nothing; whoever runs it says what is wrong
        return False
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(f"{alias.name}.".startswith(_PLANNER) for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and any(
            f"{node.module}.{alias.name}.".startswith(_PLANNER) for alias in node.names
        ):
            return True
        if isinstance(node, ast.Attribute) and f"{ast.unparse(node)}." == _PLANNER:
            return True
    return False


def argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    """Return what a call passes as an argument, by its name or its place; None where that cannot be seen or is left away."""
    if any(isinstance(value, ast.Starred) for value in call.args) or any(key.arg is None for key in call.keywords):
        return None
    if place < len(call.args):
        return call.args[place]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def number(node: ast.expr | None) -> Number | None:
    """Return the number that an expression writes out, or None."""
    value = literal(node)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def literal(node: ast.expr | None) -> object:
    """Return the value that an expression writes out, or None."""
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None


def _makers(tree: ast.Module) -> set[str]:
    """Return the names under which the file imports Param."""
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "fastheur.policy")
    return {alias.asname or alias.name for node in imports for alias in node.names if alias.name == "Param"}


def _makes_param(func: ast.expr, makers: set[str]) -> bool:
    if isinstance(func, ast.Name):
        return func.id in makers
    if isinstance(func, ast.Attribute):
        return func.attr == "Param"
    return isinstance(func, ast.Call) and ast.unparse(func).startswith("type(PARAMS[")


def _target(statement: ast.stmt) -> ast.expr | None:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        return statement.targets[0]
    return statement.target if isinstance(statement, ast.AnnAssign) else None


def _entries(statement: ast.stmt) -> list[tuple[ast.expr | None, ast.expr]] | None:
    """Return keys and values that a statement puts into PARAMS, or None where it is not of a form that is understood."""
    target, value = _target(statement), getattr(statement, "value", None)
    if isinstance(target, ast.Name) and target.id == "PARAMS" and isinstance(value, ast.Dict):
        return list(zip(value.keys, value.values, strict=True))
    if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == "PARAMS":
        return [(target.slice, value)] if isinstance(value, ast.expr) else None
    return None
