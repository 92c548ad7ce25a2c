"""Folds conditions that are settled: the dead branch goes, the other one moves out, with its comments, into its place."""

import ast
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from fastheur.editing import Edit, Source
from fastheur.settled import UNKNOWN, Settled


def fold(source: Source, settled: Settled) -> str | None:
    """Return the text after folding the first condition that can be, outermost first, or None where there is none."""
    conditions = _conditions(source.tree)
    places = {id(statement): block for block in blocks(source.tree) for statement in block}
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)) and settled.touches(node.test):
            truth = settled.truth(node.test)
            if truth is not None and isinstance(node, ast.IfExp):
                kept = node.body if truth else node.orelse
                return source.edited([Edit(*source.span(node), _operand(source, kept))])
            if truth is not None and isinstance(node, ast.If):
                return _without_branch(source, node, truth, places[id(node)])
            if truth is False and isinstance(node, ast.While) and not node.orelse:
                return without_statement(source, node, places[id(node)])
        if isinstance(node, ast.BoolOp) and settled.touches(node):
            kept_operands = _needed(node, settled, id(node) in conditions)
            if len(kept_operands) < len(node.values):
                return source.edited([Edit(*source.span(node), _joined(source, node, kept_operands))])
    return None


def substitute(source: Source, settled: Settled) -> str:
    """Return the text with every expression that has a settled value written out: truths, and the parameters themselves."""
    edits, done = list[Edit](), set[int]()
    for node in ast.walk(source.tree):  # the outer ones first
        if id(node) in done or not isinstance(node, ast.expr):
            continue
        value: Any = settled.value(node) if settled.touches(node) else UNKNOWN
        if id(node) in settled.reads or isinstance(value, bool):
            edits.append(Edit(*source.span(node), _literal(value)))
            done |= {id(part) for part in ast.walk(node)}
    return source.edited(edits)


def cut_unreachable(source: Source) -> str | None:
    """Return the text without what follows a return, break, continue or raise in its block, or None if nothing does."""
    for block in blocks(source.tree):
        for statement, following in itertools.pairwise(block):
            leaves = isinstance(statement, (ast.Return, ast.Break, ast.Continue, ast.Raise))
            last = statement.end_lineno or statement.lineno
            if leaves and following.lineno > last:
                return source.with_lines(last + 1, block_end(source, block))
    return None


def without_statement(source: Source, statement: ast.stmt, block: Sequence[ast.stmt]) -> str:
    """Return the text without a statement that has its lines for itself; an empty block is left as ``pass``."""
    inner = getattr(statement, "orelse", None) or getattr(statement, "body", None)
    last = block_end(source, inner) if inner else statement.end_lineno or statement.lineno
    rest = [f"{source.indent(statement.lineno)}pass\n"] if len(block) == 1 else []
    return source.with_lines(statement.lineno, last, rest)


def block_end(source: Source, block: Sequence[ast.stmt]) -> int:
    """Return the last line of a block with the comments that stand at its depth behind it."""
    last = block[-1].end_lineno or block[-1].lineno
    depth = max(1, len(source.lines[block[0].lineno - 1].encode()[: block[0].col_offset].decode()))
    for number in range(last + 1, len(source.lines) + 1):
        text = source.lines[number - 1]
        if text.strip() and not (text.lstrip().startswith("#") and len(source.indent(number)) >= depth):
            break
        if text.strip():
            last = number
    return last


def blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """Yield every list of statements that stand behind each other."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block:
                yield block


def _without_branch(source: Source, node: ast.If, taken: bool, block: Sequence[ast.stmt]) -> str:
    """Return the text with only the branch that is taken. An ``elif`` leaves an ``else``, or the rest of its chain."""
    is_elif = source.text.startswith("elif", source.span(node)[0])
    indent = source.indent(node.lineno)
    last = block_end(source, node.orelse or node.body)
    if taken and is_elif:
        body = _moved(source, node.body, source.indent(node.body[0].lineno))
        if node.body[0].lineno == _header_end(source, node.test):
            body = [f"{indent}    {body[0].lstrip()}"]
        return source.with_lines(node.lineno, last, [f"{indent}else:\n", *body])
    if taken:
        return _replaced(source, node.lineno, last, _moved(source, node.body, indent), node.body, block)
    if not node.orelse:
        return source.with_lines(node.lineno, last) if is_elif else without_statement(source, node, block)
    first = node.orelse[0]
    if source.text.startswith("elif", source.span(first)[0]):
        start = source.span(first)[0]
        word = [] if is_elif else [Edit(start, start + 4, "if")]
        return source.edited([Edit(source.offset(node.lineno, 0), source.offset(first.lineno, 0)), *word])
    before = node.body[-1].end_lineno or node.body[-1].lineno
    header = source.line_of("else", before + 1)
    if is_elif:
        return source.with_lines(node.lineno, header - 1)
    return _replaced(source, node.lineno, last, _moved(source, node.orelse, indent), node.orelse, block)


def _replaced(
    source: Source, first: int, last: int, new: list[str], kept: Sequence[ast.stmt], block: Sequence[ast.stmt]
) -> str:
    """Put a branch into the place of its ``if``; a mere ``pass`` is needed only where nothing else stands there."""
    empty = len(block) > 1 and all(isinstance(statement, ast.Pass) for statement in kept)
    return source.with_lines(first, last, [] if empty else new)


def _header_end(source: Source, test: ast.expr) -> int:
    """Return the line of the colon behind a condition."""
    _, end = source.span(test)
    line = test.end_lineno or test.lineno
    return source.line_of(":", line, end - source.offset(line, 0) - 1)


def _moved(source: Source, body: Sequence[ast.stmt], indent: str) -> list[str]:
    """Return the lines of a block, with the comments above and below its statements, at the indentation ``indent``."""
    first, last = body[0], block_end(source, body)
    start, end = source.span(first)[0], source.span(body[-1])[1]
    line_start = source.offset(first.lineno, 0)
    if source.text[line_start:start].strip():  # it stands behind the colon
        return [f"{indent}{source.text[start:end]}\n"]
    old = source.indent(first.lineno)
    begin = first.lineno
    while begin > 1 and source.lines[begin - 2].lstrip().startswith("#"):
        begin -= 1
    lines = source.lines[begin - 1 : last]
    return [
        indent + line[len(old) :] if line.startswith(old) and number not in source.inside_strings else line
        for number, line in enumerate(lines, begin)
    ]


def _conditions(tree: ast.Module) -> set[int]:
    """Return the expressions of which only the truth matters."""
    found = set[int]()
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.While, ast.IfExp)):
            found.add(id(node.test))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            found.add(id(node.operand))
        if isinstance(node, ast.BoolOp) and id(node) in found:  # a parent is walked before its parts
            found |= {id(operand) for operand in node.values}
    return found


def _needed(node: ast.BoolOp, settled: Settled, condition: bool) -> list[ast.expr]:
    """Return the operands of ``and`` or ``or`` that still matter, in order; all of them where nothing can go."""
    decisive = isinstance(node.op, ast.Or)
    kept = list[ast.expr]()
    for operand in node.values:
        truth = settled.truth(operand) if settled.touches(operand) else None
        if truth is decisive:
            return [*kept, operand]
        last = operand is node.values[-1]
        if truth is None or (last and not (condition and kept)):
            kept.append(operand)
    return kept


def _joined(source: Source, node: ast.BoolOp, operands: Sequence[ast.expr]) -> str:
    if len(operands) == 1:
        return _operand(source, operands[0])
    is_and = isinstance(node.op, ast.And)
    texts = [
        f"({source.of(operand)})" if is_and and isinstance(operand, ast.BoolOp) else _operand(source, operand)
        for operand in operands
    ]
    return (" and " if is_and else " or ").join(texts)


def _operand(source: Source, node: ast.expr) -> str:
    """Return an expression's text so that it can stand alone in the place of its ``and``, ``or`` or ``if else``."""
    text = source.of(node)
    loose = isinstance(node, (ast.IfExp, ast.Lambda, ast.NamedExpr))
    return f"({text})" if loose or "\n" in text else text


def _literal(value: bool | float) -> str:
    return f"({value!r})" if value < 0 else repr(value)
