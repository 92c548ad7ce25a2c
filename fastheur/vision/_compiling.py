"""Compiles the helpers: what all of them share of Numba's options."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numba.extending
import numpy.typing as npt

Array = npt.NDArray[Any]
_Function = TypeVar("_Function", bound=Callable[..., Any])

# Every access is inside the frame because regions are clipped first; bounds checks would only prevent vectorisation.
# The entry point for C, which nothing uses, takes long to compile; so does the one for Python, where it is not needed.
_OPTIONS: dict[str, Any] = {"boundscheck": False, "nogil": True, "no_cfunc_wrapper": True}
_INNER_OPTIONS: Any = _OPTIONS | {"no_cpython_wrapper": True}
inner: Callable[[_Function], _Function] = numba.njit(**_INNER_OPTIONS)
inlined: Callable[[_Function], _Function] = numba.njit(**_INNER_OPTIONS, inline="always")


def helper(function: _Function) -> _Function:
    """Make ``function`` callable from compiled code and from Python.

    Compiled code gets an overload instead of a plain ``numba.njit`` function: the latter would be compiled anew for
    every constant it is called with, so two colours would take twice as long to compile as one.
    """
    compiled = numba.njit(**_OPTIONS)(function)

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        return compiled(*args, **kwargs)

    numba.extending.overload(plain, jit_options=_INNER_OPTIONS, strict=False)(lambda *args, **kwargs: function)
    return cast(_Function, plain)
