"""Tells which names of a syntax tree are local to a function, and so cannot be builtins."""

import ast
import builtins
from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def bound_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node itself binds or declares, not those of its children."""
    if isinstance(node, ast.Name):
        if not isinstance(node.ctx, ast.Load):
            yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).split(".")[0]
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


def defined_only(nodes: Iterable[ast.AST], kind: type[ast.ClassDef] | type[ast.FunctionDef]) -> set[str]:
    """Return the names that definitions of one kind bind, without decorators, and that nothing else binds anywhere.

    Such a name stands for one of these definitions wherever it stands for anything. A builtin's name is none: outside of
    the scope that defines it, it is still the builtin.
    """
    defined, other = set[str](), set[str]()
    for node in nodes:
        if isinstance(node, kind) and not node.decorator_list:
            defined.add(node.name)
        else:
            other |= set(bound_names(node))
    return defined - other - set(vars(builtins))


class Scopes:
    """The functions and classes around every node, and what each function binds.

    A name in a default value, a decorator or an annotation belongs to the scope outside of its function. What a
    comprehension binds is not counted: its first iterable is read outside of it.
    """

    def __init__(self, parents: dict[ast.AST, ast.AST]) -> None:
        self._around = dict[ast.AST, ast.AST | None]()
        self._bound = dict[ast.AST, set[str]]()
        bodies = dict[ast.AST, ast.AST]()
        inside = set[ast.AST]()
        for node, parent in parents.items():
            around = bodies.get(node, self._around.get(parent))
            self._around[node] = around
            if isinstance(node, ast.comprehension) or parent in inside:
                inside.add(node)
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
                body = node.body if isinstance(node.body, list) else [node.body]
                bodies |= dict.fromkeys(body, node)
            if isinstance(node, _FUNCTIONS):
                self._bound[node] = {arg.arg for arg in _arguments(node.args)}
            if around in self._bound and around is not None and node not in inside and not isinstance(node, ast.arg):
                self._bound[around] |= set(bound_names(node))
        for node in parents:
            around = self._around[node]
            if isinstance(node, ast.Global) and around in self._bound and around is not None:
                self._bound[around] -= set(node.names)

    def is_local(self, node: ast.Name) -> bool:
        """True if a function around the name binds it."""
        around = self._around[node]
        while around is not None:
            if node.id in self._bound.get(around, ()):
                return True
            around = self._around[around]
        return False

    def in_class_body(self, node: ast.AST) -> bool:
        """True for what stands in a class but in none of its methods."""
        return isinstance(self._around.get(node), ast.ClassDef)


def _arguments(found: ast.arguments) -> list[ast.arg]:
    extra = [one for one in (found.vararg, found.kwarg) if one is not None]
    return [*found.posonlyargs, *found.args, *found.kwonlyargs, *extra]
