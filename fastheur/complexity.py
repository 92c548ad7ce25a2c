"""How complex a policy is, measured on its syntax tree: what is written about the code, and how, does not count.

Comments, docstrings, formatting, MARKS and the default values of PARAMS count nothing, so tuning changes no complexity. Long
constants count by their length: a sequence of actions memorised in a string is not simple.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from fastheur.source_limits import read_tree

BYTES_PER_NODE = 8
"""Of a text, a byte string or a whole number; up to so many, a constant is one node."""

_BRANCHES = (ast.If, ast.IfExp, ast.For, ast.While, ast.ExceptHandler, ast.match_case, ast.Assert)


@dataclass(frozen=True)
class Complexity:
    """Sizes of a policy's code.

    Attributes:
        nodes: of the syntax tree. lines: statements, and the headers of blocks. branches: decisions, as McCabe (1976)
            counts them: ``if``, loops, and every further operand of ``and`` and ``or``. functions: and classes.
    """

    nodes: int
    lines: int
    branches: int
    functions: int

    @property
    def score(self) -> int:
        """One number for it: the nodes of the syntax tree."""
        return self.nodes

    def simpler_than(self, other: "Complexity") -> bool:
        """Say whether this has fewer nodes; of equally many, fewer branches."""
        return (self.nodes, self.branches) < (other.nodes, other.branches)

    def __str__(self) -> str:
        return (
            f"complexity {self.score:,} (nodes of the syntax tree): {self.lines:,} lines of code, "
            f"{self.branches:,} branches, {self.functions:,} functions"
        )


def complexity(source: str) -> Complexity:
    """Measure a policy's text.

    Raises:
        PolicyError: it is not Python, or larger or deeper than a policy may be.
    """
    tree = read_tree(source, "the policy")
    nodes = list(_counted(_without_marks(tree)))
    return Complexity(
        sum(_size(node) for node in nodes),
        sum(isinstance(node, (ast.stmt, ast.ExceptHandler, ast.match_case)) for node in nodes),
        sum(len(node.values) - 1 if isinstance(node, ast.BoolOp) else isinstance(node, _BRANCHES) for node in nodes)
        + sum(len(node.ifs) for node in nodes if isinstance(node, ast.comprehension)),
        sum(isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)) for node in nodes),
    )


def _without_marks(tree: ast.Module) -> ast.Module:
    """Leave out MARKS, which changes only what replays draw, where it is plain data that no code reads."""
    if any(
        isinstance(node, ast.Name) and node.id == "MARKS" and isinstance(node.ctx, ast.Load) for node in ast.walk(tree)
    ):
        return tree
    return ast.Module([statement for statement in tree.body if not _declares_marks(statement)], tree.type_ignores)


def _declares_marks(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or [getattr(one, "id", None) for one in statement.targets] != ["MARKS"]:
        return False
    plain = (ast.Dict, ast.Tuple, ast.List, ast.Constant, ast.UnaryOp, ast.USub, ast.expr_context)
    return all(isinstance(node, plain) for node in ast.walk(statement.value))


def _counted(node: ast.AST) -> Iterator[ast.AST]:
    """Walk the tree without contexts, docstrings and what tuning changes."""
    yield node
    ignored = _param_default(node)
    for child in ast.iter_child_nodes(node):
        if child is ignored or isinstance(child, ast.expr_context) or _is_text(child):
            continue
        yield from _counted(child)


def _param_default(node: ast.AST) -> ast.AST | None:
    """Return the default in a call of ``Param``."""
    if not isinstance(node, ast.Call) or getattr(node.func, "id", getattr(node.func, "attr", "")) != "Param":
        return None
    if node.args:
        return node.args[0]
    return next((keyword for keyword in node.keywords if keyword.arg == "default"), None)


def _is_text(node: ast.AST) -> bool:
    """Say whether this is a text that stands by itself, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _size(node: ast.AST) -> int:
    if isinstance(node, ast.USub):  # -1 is one node less than not x, and one more than 1
        return 0
    if not isinstance(node, ast.Constant):
        return 1
    value = node.value
    if isinstance(value, str):
        length = len(value.encode())
    elif isinstance(value, bytes):
        length = len(value)
    elif isinstance(value, int):
        length = value.bit_length() // 8
    else:
        length = 0
    return max(1, -(-length // BYTES_PER_NODE))
