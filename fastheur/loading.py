"""Reads a policy file, checks it against the contract, runs it, and describes it as a :class:`Policy`."""

import ast
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastheur.author_code import WHOLE, check_bounds, whole, with_python_ints
from fastheur.contract import Declaration, declared
from fastheur.errors import PolicyError, problem_in
from fastheur.source_limits import MAX_BYTES
from fastheur.static_check import check


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
    namespace[WHOLE] = whole
    try:
        exec(compile(with_python_ints(tree or ast.parse(source, file)), file, "exec"), namespace)
    except PolicyError:
        raise
    except (Exception, SystemExit) as error:
        line = error.lineno if isinstance(error, SyntaxError) else line_in(error, file)
        raise problem_in(name, source, line, f"{type(error).__name__}: {error}") from error
    check_bounds(namespace, file)
    return namespace


def line_in(error: BaseException, file: str) -> int | None:
    """Return the innermost line of ``file`` in the error's traceback."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return lines[-1] if lines else None


def problem_at(policy: Declaration, line: int | None, text: str) -> PolicyError:
    """Return an error that shows the author's line."""
    return problem_in(policy.name, policy.source, line, text)
