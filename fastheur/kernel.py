"""Compiles a kernel policy and wraps it in one loop over the batch.

Bounds checks are on in everything the author wrote, also in functions that carry a ``numba.njit`` of their own. The
machine code is cached in a folder named by the hash of all that went into it (policy, loop, helpers, versions, CPU), so
an edited policy can never run as its older self.
"""

import ast
import hashlib
import os
import pickle
import re
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numpy as np
from numba.core import types as nbtypes
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from fastheur import author_code, gaits, vision
from fastheur import policy as policy_module
from fastheur.author_code import OPTIONS
from fastheur.errors import PolicyError
from fastheur.loading import Policy, execute, problem_at
from fastheur.resources import cache_folder
from fastheur.spec import Spec

KEPT_KERNELS = 256
"""Compiled policies kept in the cache; the oldest go first."""


_DISCRETE = """

def _fastheur_loop(obs, info, state, params, slots, rows, actions, low, high, cursor):
    for place in range(rows.shape[0]):
        row = rows[place]
        cursor[0] = row
        slot = slots[row]
        action = act(obs[row], info[row], state[slot], params[slot])
        actions[row] = action
        if action < low or action >= high:
            return row
    return -1
"""
_VECTOR = """

def _fastheur_loop(obs, info, state, params, slots, rows, actions, low, high, cursor):
    for place in range(rows.shape[0]):
        row = rows[place]
        cursor[0] = row
        slot = slots[row]
        action = actions[row]
        for part in range(action.shape[0]):
            action[part] = 0.0
        act(obs[row], info[row], state[slot], params[slot], action)
        for part in range(action.shape[0]):
            if not (action[part] >= low[part] and action[part] <= high[part]):
                return row
    return -1
"""

Loop = Callable[..., int]

_LOOPS: dict[str, Loop] = {}
"""Loops of this process by their file, so that a search does not compile or load one again for every population."""


def compile_kernel(policy: Policy, spec: Spec, sample: tuple[Any, ...]) -> Loop:
    """Return the compiled loop of a kernel policy.

    Args:
        policy: a policy of style ``kernel``. spec: the task as the policy sees it (after preprocessing).
        sample: arguments of the loop with the dtypes and layouts of real ones.

    Raises:
        PolicyError: Numba cannot compile it, or ``act`` returns something that is no action; names the author's line.
    """
    if numba.config.DISABLE_JIT:
        return plain_loop(policy, spec)
    numba.config.BOUNDSCHECK = None  # no environment variable turns the checks off
    discrete = spec.action.kind == "discrete"
    _check_signature(policy, 4 if discrete else 5)
    text = policy.source + (_DISCRETE if discrete else _VECTOR)
    types_ = tuple(numba.typeof(value) for value in sample)
    file = _cached_file(text, repr(types_))
    if file in _LOOPS:
        return _LOOPS[file]
    try:
        try:
            namespace = _jitted(policy, text, file, cached=Path(file).exists())
            namespace["_fastheur_loop"].compile(types_)
        except (ImportError, OSError, EOFError, pickle.UnpicklingError):  # a damaged cache entry
            namespace = _jitted(policy, text, file, cached=False)
            namespace["_fastheur_loop"].compile(types_)
    except NumbaError as error:
        raise _translated(policy, error, file) from error
    except KeyError as error:  # how Numba reports a field that a record lacks
        name = str(error.args[0])
        fields = f"state has {_names(policy.state)}; params has {', '.join(policy.params) or 'none'}"
        raise problem_at(policy, _line_of(policy, name), f"there is no field {name!r}: {fields}") from error
    _check_result(policy, namespace["act"], discrete)
    if len(_LOOPS) >= KEPT_KERNELS:
        _LOOPS.pop(next(iter(_LOOPS)))
    return _LOOPS.setdefault(file, namespace["_fastheur_loop"])


def _jitted(policy: Policy, text: str, file: str, cached: bool) -> dict[str, Any]:
    """Execute the policy with its loop under the name of the cached file, with Numba on every function of the file."""
    # Numba finds a cached function's constants through sys.modules, so the policy has to be a module there.
    module = types.ModuleType(f"fastheur_kernel_{Path(file).parent.name}")
    sys.modules[module.__name__] = module
    namespace = execute(text, policy.name, file=file, namespace=module.__dict__)
    for name, value in list(namespace.items()):
        function = value.py_func if isinstance(value, Dispatcher) else value
        if isinstance(function, types.FunctionType) and function.__code__.co_filename == file:
            namespace[name] = numba.njit(**OPTIONS, cache=cached and name == "_fastheur_loop")(function)
    return namespace


def plain_loop(policy: Policy, spec: Spec) -> Loop:
    """Return the same loop as plain Python, where prints and breakpoints work."""
    discrete = spec.action.kind == "discrete"
    _check_signature(policy, 4 if discrete else 5)
    namespace = execute(policy.source, policy.name)
    for name, value in list(namespace.items()):
        if isinstance(value, Dispatcher) and value.py_func.__code__.co_filename == policy.name:
            namespace[name] = value.py_func
    exec(_DISCRETE if discrete else _VECTOR, namespace)
    plain = namespace["_fastheur_loop"]

    def loop(obs: Any, info: Any, state: Any, params: Any, *rest: Any) -> int:
        return plain(_Rows(obs) if obs.dtype.names else obs, _Rows(info), _Rows(state), _Rows(params), *rest)

    return loop


class _Rows:
    """Records by row, each with its fields as attributes, as compiled code sees them."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __getitem__(self, row: int) -> Any:
        value = self._array[row]
        return _Fields(value) if isinstance(value, np.void) else value.view(np.recarray)


class _Fields:
    """One record; np.record will not do, as its methods hide fields called ``max`` or ``repeat``."""

    __slots__ = ("_record",)

    def __init__(self, record: np.void) -> None:
        object.__setattr__(self, "_record", record)

    def __iter__(self) -> Iterator[str]:
        return iter(self._record.dtype.names or ())

    def __getattr__(self, name: str) -> Any:
        if name not in (self._record.dtype.names or ()):
            raise AttributeError(f"there is no field {name!r}")
        return self._record[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._record[name] = value

    __getitem__, __setitem__ = __getattr__, __setattr__


def _check_signature(policy: Policy, expected: int) -> None:
    act = policy.namespace["act"]
    code = getattr(act, "py_func", act).__code__
    if code.co_argcount != expected:
        wanted = "act(obs, info, state, params)" if expected == 4 else "act(obs, info, state, params, action)"
        found = ", ".join(code.co_varnames[: code.co_argcount])
        raise problem_at(policy, code.co_firstlineno, f"found act({found}), but this task needs {wanted}")


def _check_result(policy: Policy, act: Any, discrete: bool) -> None:
    for overload in act.overloads.values():  # empty when the loop came from the cache: it was checked then
        found = overload.signature.return_type
        line = act.py_func.__code__.co_firstlineno
        if discrete and not isinstance(found, (nbtypes.Integer, nbtypes.Boolean)):
            raise problem_at(policy, line, f"act returns {found}, expected an integer action on every path")
        if not discrete and found != nbtypes.none:
            raise problem_at(
                policy, line, f"act returns {found}, but this task wants `action` filled and nothing returned"
            )


_TELLING = re.compile(
    r"^(No implementation|Unknown attribute|Untyped global|Can't unify|Cannot unify|Use of unsupported|Invalid use|NameError|"
    r"Cannot determine|Unsupported|The use of|Field|.*is not supported|.*not defined)",
    re.IGNORECASE,
)


def _translated(policy: Policy, error: NumbaError, file: str) -> PolicyError:
    """Turn Numba's report into the author's line and the one sentence that matters."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    sentences = [line.strip(" -*>") for line in text.splitlines()]
    sentences = [line for line in sentences if line and not line.startswith(("Failed in nopython", "During:", "File "))]
    reason = next((line for line in sentences if _TELLING.match(line)), sentences[0] if sentences else "unknown")
    undefined = re.search(r"name '(\w+)' is not defined", reason)
    found = re.findall(rf'File "[^"]*{re.escape(Path(file).name)}", line (\d+)', text)
    inside = [int(number) for number in found if int(number) <= policy.source.count("\n") + 1]  # the loop stands below
    line = _line_of(policy, undefined.group(1)) if undefined else inside[0] if inside else None
    if "Cannot modify readonly array" in text:
        reason = "it writes into the observation, which is read-only; what a policy remembers belongs into STATE"
    if reason.startswith("Type of variable"):
        reason = "the type of this expression cannot be told"
    return problem_at(policy, line, f"does not compile: {reason.rstrip('.: ')}")


def _line_of(policy: Policy, name: str) -> int | None:
    """Return the first line that uses ``name`` as a variable or an attribute."""
    for node in ast.walk(ast.parse(policy.source)):
        if name in (getattr(node, "id", None), getattr(node, "attr", None)):
            return int(node.lineno)  # type: ignore[attr-defined]
    return None


def _names(state: tuple[tuple, ...]) -> str:
    return ", ".join(str(entry[0]) for entry in state) or "none"


def helper_files() -> list[Path]:
    """Return the sources of all compiled code of this package that a policy may use, in a fixed order."""
    modules = (author_code.__file__, policy_module.__file__, gaits.__file__)
    return [*map(Path, modules), *sorted(Path(vision.__file__).parent.glob("*.py"))]


@cache
def _environment_hash() -> bytes:
    """Hash of everything outside the policy that shapes its machine code."""
    parts = [
        sys.version,
        np.__version__,
        numba.__version__,
        llvmlite.__version__,
        llvmlite.binding.get_host_cpu_name(),
        llvmlite.binding.get_host_cpu_features().flatten(),
        repr((OPTIONS, numba.config.OPT, numba.config.BOUNDSCHECK, numba.config.CPU_NAME, numba.config.CPU_FEATURES)),
        *(file.read_text() for file in helper_files()),
    ]
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


def _cached_file(text: str, signature: str) -> str:
    """Write ``text`` to the cache folder of its hash and return the file's path (unwritten where nothing can be).

    The signature is part of the hash: Numba names machine code after a record's number in its process, not after its
    fields, so two record layouts must never share a module.
    """
    key = hashlib.sha256(b"\0".join((_environment_hash(), signature.encode(), text.encode()))).hexdigest()[:32]
    folder = cache_folder() / "kernels" / key
    file = folder / "policy.py"
    if file.exists():
        return str(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f"policy.{os.getpid()}"
        draft.write_text(text)
        draft.replace(file)
        _forget_oldest(folder.parent)
    except OSError:
        pass
    return str(file)


def _forget_oldest(folder: Path) -> None:
    entries = sorted(folder.iterdir(), key=lambda entry: entry.stat().st_mtime)
    for entry in entries[: max(0, len(entries) - KEPT_KERNELS)]:
        shutil.rmtree(entry, ignore_errors=True)
