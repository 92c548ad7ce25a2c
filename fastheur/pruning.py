"""Removes what a policy's code does not use any more: functions, constants, imports, locals, fields of STATE."""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from fastheur.editing import Source
from fastheur.folding import blocks, without_statement
from fastheur.settled import PURE_CALLS, module_names

CONTRACT = frozenset(("OBS", "TASK", "STATE", "PARAMS", "FRAME", "MARKS", "act", "Policy"))
_PURE_MODULES = frozenset(("math", "np", "numpy"))


def used_names(tree: ast.Module) -> frozenset[str]:
    """Return what a file reads: names, and attributes with a point before them."""
    return frozenset(_reads(tree))


def prune(source: Source, before: frozenset[str]) -> str | None:
    """Return the text without one thing that is not used any more, or None where there is none.

    Args:
        before: :func:`used_names` of the text that the author wrote: what was unused there already stays.
    """
    return _without_global(source, before) or _without_assignment(source, before) or _without_field(source, before)


def without_item(source: Source, items: list[ast.expr], starts: list[ast.expr], place: int) -> str:
    """Return the text without an entry of a literal list or dict.

    Args:
        items: the elements, or a dict's values. starts: the same, or a dict's keys.
    """
    first, last = starts[place], items[place]
    whole = ast.Expr(last, lineno=first.lineno, col_offset=first.col_offset)
    whole.end_lineno, whole.end_col_offset = last.end_lineno, last.end_col_offset
    if source.owns_its_lines(whole):
        return source.with_lines(first.lineno, last.end_lineno or last.lineno)
    start, end = source.span(first)[0], source.span(last)[1]
    if place + 1 < len(items):
        end = source.span(starts[place + 1])[0]
    elif place:
        start = source.span(items[place - 1])[1]
    return source.text[:start] + source.text[end:]


def _without_global(source: Source, before: frozenset[str]) -> str | None:
    total = Counter(_reads(source.tree))
    bound = Counter(name for statement in source.tree.body for name in module_names(statement))
    for statement in source.tree.body:
        own = Counter(_reads(statement))
        names = _removable(statement)
        unused = [name for name in names if total[name] == own[name] and bound[name] == 1]
        unused = [name for name in unused if name in before and name not in CONTRACT]
        if not unused or not source.owns_its_lines(statement):
            continue
        if len(unused) == len(names):
            return without_top_level(source, statement)
        if isinstance(statement, ast.ImportFrom):
            kept = [alias for alias in statement.names if (alias.asname or alias.name) not in unused]
            start, end = source.span(statement)
            return source.text[:start] + ast.unparse(ast.ImportFrom(statement.module, kept, 0)) + source.text[end:]
    return None


def _removable(statement: ast.stmt) -> list[str]:
    """Return the names a top-level statement binds, if binding them is all it does."""
    if isinstance(statement, (ast.FunctionDef, ast.Import)):
        return module_names(statement)
    if isinstance(statement, ast.ImportFrom) and statement.module != "__future__":
        return module_names(statement)
    if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value and _harmless(statement.value):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        plain = all(isinstance(part, (ast.Name, ast.Tuple)) for target in targets for part in _parts(target))
        return module_names(statement) if plain else []
    return []


def _parts(target: ast.expr) -> list[ast.expr]:
    return [target, *target.elts] if isinstance(target, ast.Tuple) else [target]


def _without_assignment(source: Source, before: frozenset[str]) -> str | None:
    """Remove an assignment to a local, or to a field of STATE, that nothing reads; a field's all together or none."""
    places = {id(statement): block for block in blocks(source.tree) for statement in block}
    everything = set(_reads(source.tree))
    fields = {name for name, _, _ in _state_fields(source.tree) if f".{name}" in before - everything}
    stores = [node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute) and node.attr in fields]
    removable = [
        (statement, target)
        for statement in ast.walk(source.tree)
        if isinstance(statement, (ast.Assign, ast.AugAssign))
        and isinstance(target := _only_target(statement), (ast.Name, ast.Attribute))
        and _harmless(statement.value)
        and source.owns_its_lines(statement)
    ]
    counts = Counter(target.attr for _, target in removable if isinstance(target, ast.Attribute))
    fields = {name for name in fields if counts[name] == sum(node.attr == name for node in stores)}
    unread = set[int]()
    for function in source.tree.body:
        if isinstance(function, ast.FunctionDef):
            used = set(_reads(function)) | _shared(function)
            names = (node for node in ast.walk(function) if isinstance(node, ast.Name))
            unread |= {id(node) for node in names if node.id in before and node.id not in used}
    for statement, target in removable:
        if id(target) in unread or (isinstance(target, ast.Attribute) and target.attr in fields):
            return without_statement(source, statement, places[id(statement)])
    return None


def _only_target(statement: ast.Assign | ast.AugAssign) -> ast.expr | None:
    if isinstance(statement, ast.AugAssign):
        return statement.target
    return statement.targets[0] if len(statement.targets) == 1 else None


def _without_field(source: Source, before: frozenset[str]) -> str | None:
    """Remove a field of STATE that nothing mentions."""
    mentioned = {node.attr for node in ast.walk(source.tree) if isinstance(node, ast.Attribute)}
    mentioned |= {name.removeprefix(".") for name in _reads(source.tree)}
    texts = [node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant)]
    for name, fields, place in _state_fields(source.tree):
        if f".{name}" in before and name not in mentioned and texts.count(name) == 1:
            if len(fields) == 1:
                statement = next(one for one in source.tree.body if "STATE" in module_names(one))
                return without_top_level(source, statement)
            return without_item(source, fields, fields, place)
    return None


def _state_fields(tree: ast.Module) -> Iterator[tuple[str, list[ast.expr], int]]:
    """Yield name, the list and the place in it of each field of a STATE that is written out."""
    statements = [statement for statement in tree.body if "STATE" in module_names(statement)]
    value = getattr(statements[0], "value", None) if len(statements) == 1 else None
    if not isinstance(value, ast.List) or "STATE" in set(_reads(tree)):
        return
    for place, entry in enumerate(value.elts):
        if isinstance(entry, ast.Tuple) and entry.elts and isinstance(entry.elts[0], ast.Constant):
            yield str(entry.elts[0].value), value.elts, place


def without_top_level(source: Source, statement: ast.stmt) -> str:
    """Remove a top-level statement, the comment that stands directly above a function, and the blank lines behind."""
    first = min([statement.lineno, *(node.lineno for node in getattr(statement, "decorator_list", []))])
    last = statement.end_lineno or statement.lineno
    while isinstance(statement, ast.FunctionDef) and first > 1 and source.lines[first - 2].startswith("#"):
        first -= 1
    alone = first == 1 or not source.lines[first - 2].strip()
    while alone and last < len(source.lines) and not source.lines[last].strip():
        last += 1
    return source.with_lines(first, last)


def _shared(function: ast.FunctionDef) -> set[str]:
    """Return the names that a function shares with others: setting those has an effect."""
    nodes = (node for node in ast.walk(function) if isinstance(node, (ast.Global, ast.Nonlocal)))
    return {name for node in nodes for name in node.names}


def _reads(tree: ast.AST) -> Iterator[str]:
    """Yield names, and with a point before them attributes, that are read; also those read as ``record["name"]`` or drawn by MARKS."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield f".{node.attr}"
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
        ):
            yield f".{node.slice.value}"
        elif isinstance(node, ast.Assign) and "MARKS" in module_names(node):
            texts = (part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant))
            yield from (f".{re.split('[ +-]', text.strip())[0]}" for text in texts if isinstance(text, str))


def _harmless(value: ast.expr) -> bool:
    """Say whether computing a value has no effect but to take time."""
    for node in ast.walk(value):
        if isinstance(node, (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)):
            return False
        if isinstance(node, ast.Call):
            func = node.func
            root = func.value if isinstance(func, ast.Attribute) else func
            known = (
                _PURE_MODULES
                if isinstance(func, ast.Attribute)
                else {*PURE_CALLS, "min", "max", "round", "len", "range"}
            )
            if not isinstance(root, ast.Name) or root.id not in known:
                return False
    return True
