"""How functions that a policy's author wrote are compiled, wherever they run: with bounds checks, and Python's errors."""

from collections.abc import Mapping
from typing import Any

import numba
from numba.core.dispatcher import Dispatcher

OPTIONS = {"boundscheck": True, "nogil": True, "error_model": "python"}


def compiled(function: Any) -> Any:
    """Return an author's function, plain or with a ``numba.njit`` of its own, compiled with :data:`OPTIONS`."""
    return numba.njit(**OPTIONS)(function.py_func if isinstance(function, Dispatcher) else function)


def check_bounds(namespace: Mapping[str, Any], file: str) -> None:
    """Give the functions of ``file`` that carry a ``numba.njit`` of their own :data:`OPTIONS`, before they are first called."""
    for value in namespace.values():
        if isinstance(value, Dispatcher) and value.py_func.__code__.co_filename == file:
            value.targetoptions.update(OPTIONS)
