"""Reads a policy file, checks it against the contract, and describes it as a :class:`Policy`."""

import ast
import hashlib
import inspect
import traceback
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from fastheur.errors import PolicyError, nearest
from fastheur.policy import Frame, Number, Param, params_dtype, state_dtype

ALLOWED_IMPORTS = ("math", "numpy", "numba", "cv2", "fastheur.policy", "fastheur.vision", "fastheur.planner")
MODES = ("ram", "native", "state", "screen")
MAX_BYTES = 1_000_000

_FORBIDDEN_PARTS = frozenset(
    (
        "random", "lib", "ctypeslib", "f2py", "testing", "core", "load", "save", "savez", "savez_compressed", "savetxt",
        "loadtxt", "genfromtxt", "fromregex", "memmap", "fromfile", "objmode", "extending", "carray", "farray", "cfunc",
        "config", "set_num_threads",
    )
)  # fmt: skip
"""What of NumPy and Numba would let a policy touch files, other slots' memory, the harness, or chance of its own."""

_FORBIDDEN_CALLS = frozenset(
    ("open", "exec", "eval", "compile", "input", "breakpoint", "globals", "locals", "vars", "__import__")
)
_FORMATS = ("rgb", "grey", "palette", "masks", "components")


@dataclass(frozen=True)
class Policy:
    """A policy file that keeps the contract.

    Attributes:
        name: for messages, the file's path as given. source: its text. sha256: of the source.
        style: ``kernel`` or ``batch``. modes: observation modes it plays; empty for any.
        params, state, frame: what it declares. task: the task it was written for, or None.
        namespace: the executed module.
    """

    name: str
    source: str
    sha256: str
    style: Literal["kernel", "batch"]
    modes: tuple[str, ...]
    params: Mapping[str, Param]
    state: tuple[tuple, ...]
    frame: Frame | None
    task: str | None
    namespace: dict[str, Any] = field(repr=False, compare=False)

    def values(self, changes: Mapping[str, Number] | None = None) -> dict[str, Number]:
        """Return a value for every parameter: the defaults with ``changes`` on top, checked.

        Raises:
            PolicyError: an unknown name, or a value outside its declaration.
        """
        values: dict[str, Number] = {name: param.default for name, param in self.params.items()}
        for name, value in (changes or {}).items():
            if name not in self.params:
                declared = ", ".join(self.params) or "none"
                raise PolicyError(
                    f"{self.name} has no parameter {name!r}; it declares {declared}.{nearest(name, self.params)}"
                )
            problem = self.params[name].problem(value)
            if problem:
                raise PolicyError(f"params.{name} {problem} (declared in {self.name})")
            values[name] = int(value) if self.params[name].dtype.kind == "i" else float(value)
        return values

    def rows(self, values: Sequence[Mapping[str, Number]]) -> np.ndarray:
        """Return one record per mapping of ``values``, laid out as kernels see it."""
        records = np.zeros(len(values), params_dtype(self.params))
        for row, mapping in zip(records, values, strict=True):
            for name, value in mapping.items():
                row[name] = value
        return records


def load_policy(path: str | Path) -> Policy:
    """Load and check a policy file.

    Raises:
        PolicyError: the file cannot be read or breaks the contract; the message names the line and what is allowed.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise PolicyError(f"Cannot read the policy file {path}: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise PolicyError(f"{path} has {len(data):,} bytes; a policy file may have {MAX_BYTES:,}.")
    try:
        source = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not a text file in UTF-8 ({error.reason} at byte {error.start}).") from error
    return policy_from_source(source, str(path))


def policy_from_source(source: str, name: str = "<policy>") -> Policy:
    """Like :func:`load_policy`, for a policy's text."""
    namespace = execute(source, name, check(source, name))
    return _describe(source, name, namespace)


def check(source: str, name: str) -> ast.Module:
    """Check imports and names on the syntax tree, before anything runs, and return the tree."""
    try:
        tree = ast.parse(source, name)
    except SyntaxError as error:
        raise _problem(name, error.lineno, f"syntax error: {error.msg}", source) from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise PolicyError(f"{name} is not Python source: {error}") from error
    for node in ast.walk(tree):
        for module, line in _imports(node):
            if module not in (*ALLOWED_IMPORTS, "__future__"):
                text = f"imports {module!r}; a policy may import {', '.join(ALLOWED_IMPORTS)}"
                raise _problem(name, line, text, source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FORBIDDEN_CALLS:
            raise _problem(name, node.lineno, f"calls {node.func.id}(), which a policy may not", source)
    for line, text in _forbidden_names(tree):
        raise _problem(name, line, text, source)
    return tree


def _forbidden_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Find private names, which belong to the harness, and the parts of NumPy and Numba that are not for policies."""
    libraries = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in ("numpy", "numba", "cv2")
    }
    private = "names that start with _ are not for policies"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = node.value.id if isinstance(node.value, ast.Name) else ""
            if node.attr.startswith("__") or (node.attr.startswith("_") and name != "self"):
                yield node.lineno, f"uses the private name {node.attr!r}; {private}"
            if name in libraries and node.attr in _FORBIDDEN_PARTS:
                yield (
                    node.lineno,
                    f"uses {name}.{node.attr}, which a policy may not; randomness comes from uniform(state)",
                )
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            if isinstance(node.slice.value, str) and node.slice.value.startswith("_"):
                yield node.lineno, f"uses the private field {node.slice.value!r}; {private}"
        elif isinstance(node, ast.ImportFrom) and node.module in ("numpy", "numba"):
            for alias in node.names:
                if alias.name in _FORBIDDEN_PARTS:
                    yield node.lineno, f"imports {node.module}.{alias.name}, which a policy may not"


def _imports(node: ast.AST) -> list[tuple[str, int]]:
    if isinstance(node, ast.Import):
        return [(alias.name, node.lineno) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return [("." * node.level + (node.module or ""), node.lineno)]
        if node.module == "fastheur":
            return [(f"fastheur.{alias.name}", node.lineno) for alias in node.names]
        return [(node.module or "", node.lineno)]
    return []


def execute(
    source: str,
    name: str,
    tree: ast.Module | None = None,
    file: str | None = None,
    namespace: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Run the module's top level under the file name ``file`` and return its namespace (a new one where none is given)."""
    file = file or name
    namespace = {"__name__": "policy"} if namespace is None else namespace
    namespace["__file__"] = file
    try:
        exec(compile(tree or source, file, "exec"), namespace)
    except PolicyError:
        raise
    except (Exception, SystemExit) as error:
        raise _problem(name, line_in(error, file), f"{type(error).__name__}: {error}", source) from error
    return namespace


def line_in(error: BaseException, file: str) -> int | None:
    """Return the innermost line of ``file`` in the error's traceback."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def problem_at(policy: Policy, line: int | None, text: str) -> PolicyError:
    """Return an error that shows the author's line."""
    return _problem(policy.name, line, text, policy.source)


def _problem(name: str, line: int | None, text: str, source: str) -> PolicyError:
    if line is None:
        return PolicyError(f"{name}: {text}")
    lines = source.splitlines()
    shown = f"\n    {lines[line - 1].strip()}" if 0 < line <= len(lines) else ""
    return PolicyError(f"{name}, line {line}: {text}{shown}", line)


def _describe(source: str, name: str, namespace: dict[str, Any]) -> Policy:
    act, batch = namespace.get("act"), namespace.get("Policy")
    act = getattr(act, "py_func", act)  # an author's own numba.njit is replaced by the harness's
    if act is None and batch is None:
        raise PolicyError(
            f"{name} defines neither `act(obs, info, state, params)` nor a class `Policy`; one of them is the policy."
        )
    if act is not None and (not isinstance(act, types.FunctionType) or inspect.iscoroutinefunction(act)):
        raise PolicyError(f"{name}: `act` is {type(act).__name__}, expected a function.")
    if not isinstance(namespace.get("TASK", ""), str):
        raise PolicyError(f'{name}: TASK is {namespace["TASK"]!r}, expected a task\'s name like "atari/breakout".')
    if act is None and not all(callable(getattr(batch, method, None)) for method in ("reset", "act")):
        raise PolicyError(f"{name}: class `Policy` needs the methods reset(slots) and act(obs, info, slots).")
    return Policy(
        name,
        source,
        hashlib.sha256(source.encode()).hexdigest(),
        "kernel" if act is not None else "batch",
        _modes(namespace.get("OBS"), name),
        _params(namespace.get("PARAMS", {}), name),
        _state(namespace.get("STATE", []), name),
        _frame(namespace.get("FRAME"), name),
        namespace.get("TASK"),
        namespace,
    )


def _modes(declared: Any, name: str) -> tuple[str, ...]:
    if declared == "any":
        return ()
    modes = (declared,) if isinstance(declared, str) else declared
    if not isinstance(modes, tuple) or not modes or any(mode not in MODES for mode in modes):
        raise PolicyError(
            f'{name}: OBS is {declared!r}, expected one of {", ".join(MODES)}, a tuple of them, or "any".'
        )
    return modes


def _params(declared: Any, name: str) -> dict[str, Param]:
    if not isinstance(declared, dict):
        raise PolicyError(
            f"{name}: PARAMS is {type(declared).__name__}, expected a dict of names to Param(default, low, high)."
        )
    for key, param in declared.items():
        if not isinstance(key, str) or not key.isidentifier() or key.startswith("_"):
            raise PolicyError(
                f"{name}: PARAMS has the name {key!r}, expected a Python identifier that does not start with _."
            )
        if not isinstance(param, Param):
            raise PolicyError(f"{name}: PARAMS[{key!r}] is {param!r}, expected Param(default, low, high).")
        if any(not isinstance(bound, (int, float, type(None))) for bound in (param.low, param.high)):
            raise PolicyError(
                f"{name}: PARAMS[{key!r}] has the bounds {param.low!r} and {param.high!r}, expected numbers."
            )
        problem = param.problem(param.default)
        if problem:
            raise PolicyError(f"{name}: the default of PARAMS[{key!r}] {problem}.")
    return declared


def _state(declared: Any, name: str) -> tuple[tuple, ...]:
    expected = 'a list like [("last_y", "f8"), ("history", "i4", (8,))]'
    try:
        layout = state_dtype(declared)
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{name}: STATE does not describe a record ({error}); expected {expected}.") from error
    names = layout.names or ()
    for field_name in names[:-2]:
        if field_name.startswith("_") or layout[field_name].base.kind not in "biuf":
            raise PolicyError(
                f"{name}: STATE field {field_name!r} of type {layout[field_name]}: names may not start with _, types are "
                f"booleans, integers and floats; expected {expected}."
            )
    return tuple(tuple(entry) for entry in declared)


def _frame(declared: Any, name: str) -> Frame | None:
    if declared is None:
        return None
    if not isinstance(declared, Frame):
        raise PolicyError(f"{name}: FRAME is {declared!r}, expected Frame(...) from fastheur.policy.")
    if declared.format not in _FORMATS:
        raise PolicyError(f"{name}: FRAME format is {declared.format!r}, expected one of {', '.join(_FORMATS)}.")
    crop, colours = declared.crop, declared.colours
    if crop is not None and not (len(crop) == 4 and all(isinstance(edge, int) for edge in crop)):
        raise PolicyError(f"{name}: FRAME crop is {crop!r}, expected (top, bottom, left, right) in pixels.")
    if any(len(colour) != 3 or not all(0 <= part <= 255 for part in colour) for colour in colours):
        raise PolicyError(f"{name}: FRAME colours are {colours!r}, expected RGB triples of 0..255.")
    if (declared.format in ("masks", "components")) != bool(declared.colours):
        raise PolicyError(
            f"{name}: FRAME colours belong to the formats masks and components, and those need at least one."
        )
    if (declared.difference or declared.downsample != (1, 1)) and declared.format not in ("rgb", "grey"):
        raise PolicyError(f"{name}: FRAME downsample and difference work on rgb and grey, not on {declared.format}.")
    return declared
