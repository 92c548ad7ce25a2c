"""How functions that a policy's author wrote are compiled, wherever they run: with bounds checks, and Python's errors and int()."""

import ast
from collections.abc import Mapping
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.dispatcher import Dispatcher
from numba.extending import overload

OPTIONS = {"boundscheck": True, "nogil": True, "error_model": "python"}
WHOLE = "_fastheur_int"
"""The name under which author code finds :func:`whole`."""


def whole(value: Any) -> int:
    """Return what Python's ``int(value)`` returns, in compiled code too.

    Numba's own ``int()`` leaves a byte unsigned, so that ``int(obs[0]) - int(obs[1])`` wraps around where Python gives -2.
    """
    return int(value)


@overload(whole)
def _compiled_whole(value: Any) -> Any:
    def signed(value: Any) -> int:
        return np.int64(value)  # type: ignore[return-value]

    def numbas(value: Any) -> int:
        return int(value)

    return signed if isinstance(value, types.Integer) and not value.signed else numbas  # type: ignore[attr-defined]


class _Ints(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "int" and len(node.args) == 1 and not node.keywords:
            node.func = ast.copy_location(ast.Name(WHOLE, ast.Load()), node.func)
        return node


def with_python_ints(tree: ast.Module) -> ast.Module:
    """Let every ``int(value)`` of the author's text mean :func:`whole`; changes ``tree``, but no line of it."""
    return _Ints().visit(tree)  # type: ignore[no-any-return]


def compiled(function: Any) -> Any:
    """Return an author's function, plain or with a ``numba.njit`` of its own, compiled with :data:`OPTIONS`."""
    return numba.njit(**OPTIONS)(function.py_func if isinstance(function, Dispatcher) else function)


def check_bounds(namespace: Mapping[str, Any], file: str) -> None:
    """Give the functions of ``file`` that carry a ``numba.njit`` of their own :data:`OPTIONS`, before they are first called."""
    for value in namespace.values():
        if isinstance(value, Dispatcher) and value.py_func.__code__.co_filename == file:
            value.targetoptions.update(OPTIONS)
