"""Reads a policy file, checks it against the contract, runs it, and describes it as a :class:`Policy`."""

import ast
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastheur.contract import Declaration, declared
from fastheur.errors import PolicyError

ALLOWED_IMPORTS = ("math", "numpy", "numba", "cv2", "fastheur.policy", "fastheur.vision", "fastheur.planner")
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


@dataclass(frozen=True)
class Policy(Declaration):
    """A policy file that keeps the contract, and the module that it left when it ran: ``namespace``."""

    namespace: dict[str, Any] = field(repr=False, compare=False)


def load_policy(path: str | Path) -> Policy:
    """Load and check a policy file.

    Raises:
        PolicyError: the file cannot be read or breaks the contract; the message names the line and what is allowed.
    """
    return policy_from_source(read_policy(path), str(path))


def read_policy(path: str | Path) -> str:
    """Return the text of a policy file, without running any of it.

    Raises:
        PolicyError: it cannot be read, has more than ``MAX_BYTES``, or is not UTF-8.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise PolicyError(f"Cannot read the policy file {path}: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise PolicyError(f"{path} has {len(data):,} bytes; a policy file may have {MAX_BYTES:,}.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PolicyError(f"{path} is not a text file in UTF-8 ({error.reason} at byte {error.start}).") from error


def policy_from_source(source: str, name: str = "<policy>", fenced: bool = True) -> Policy:
    """Like :func:`load_policy`, for a policy's text; ``fenced=False`` leaves the static check out."""
    namespace = execute(source, name, check(source, name) if fenced else None)
    return Policy(**vars(declared(source, name, namespace)), namespace=namespace)


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


def problem_at(policy: Declaration, line: int | None, text: str) -> PolicyError:
    """Return an error that shows the author's line."""
    return _problem(policy.name, line, text, policy.source)


def _problem(name: str, line: int | None, text: str, source: str) -> PolicyError:
    if line is None:
        return PolicyError(f"{name}: {text}")
    lines = source.splitlines()
    shown = f"\n    {lines[line - 1].strip()}" if 0 < line <= len(lines) else ""
    return PolicyError(f"{name}, line {line}: {text}{shown}", line)
