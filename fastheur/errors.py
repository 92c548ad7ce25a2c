"""Errors that a user can act on: what was found, what was expected, how to mend it."""

import difflib
import re
import reprlib
from collections.abc import Iterable, Iterator
from typing import Any


class FastheurError(Exception):
    """Base of every error that bad input or a full disk can cause; the command line exits with code 2."""


class ConfigError(FastheurError):
    """A setting, task, protocol or file name that does not exist or does not fit."""


class PolicyError(FastheurError):
    """A policy file that breaks the contract, before or while it runs.

    ``line`` is the line of the policy file the error points at, where one is known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class ActionError(PolicyError):
    """An action that the task does not have: the trial has failed, and nothing was clipped."""


class PolicyDied(PolicyError):
    """The process that played the policy crashed, or was killed for hanging; what it had taken stays charged."""


class IsolationError(FastheurError):
    """Policies cannot be isolated as was asked for, on this machine or with these settings."""


class EngineError(FastheurError):
    """A simulator's process has ended: out of memory, killed, or crashed."""


class LedgerError(FastheurError):
    """The ledger cannot be opened, read or written."""


class ReplayMismatch(FastheurError):
    """An episode that was played again came out otherwise than it was recorded."""


class AgentError(FastheurError):
    """An agent cannot go on: its model's endpoint or its program has failed. What was done until then is kept."""


class RunOver(FastheurError):
    """A run has ended: it was finished, or one of its budgets is spent. The message says which."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or a polite kill, after the trials were settled; ``cards`` holds what was measured, without a score."""

    def __init__(self, cards: list[Any]) -> None:
        super().__init__("interrupted")
        self.cards = cards


def printable(text: str) -> str:
    """Return ``text`` with every character that a terminal would act on, new lines excepted, as an escape sequence."""
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


def named_error(kind: str, message: str, line: int | None = None) -> FastheurError:
    """Return the error of class ``kind`` that another process reported; a FastheurError where the class is not known."""
    kinds = {one.__name__: one for one in _family(FastheurError)}
    found = kinds.get(kind, FastheurError)
    return found(message, line) if issubclass(found, PolicyError) else found(message)


def _family(parent: type[FastheurError]) -> Iterator[type[FastheurError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from _family(child)


def problem_in(name: str, source: str, line: int | None, text: str) -> PolicyError:
    """Return a PolicyError that shows the author's line, where one is known."""
    if line is None:
        return PolicyError(f"{name}: {text}")
    lines = re.split("\r\n|\r|\n", source)
    shown = lines[line - 1].strip()[:160] if 0 < line <= len(lines) else ""
    if shown:
        shown = f"\n    {shown if shown.replace(chr(9), ' ').isprintable() else ascii(shown)[:160]}"
    return PolicyError(f"{name}, line {line}: {text}{shown}", line)


def whole(name: str, value: Any, least: int = 1) -> int:
    """Return ``value`` after checking that it is a whole number from ``least``; ``name`` is the setting's."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name} is {value!r}, expected a whole number from {least}.")
    return value


def abridged(value: Any) -> str:
    """Return the value as Python writes it, on one line of at most some hundred characters, whatever it is."""
    try:
        return reprlib.repr(value)
    except Exception:  # its own repr fails, or it is a whole number of thousands of digits
        return f"a value of type {type(value).__name__}"


def nearest(word: str, known: Iterable[str], count: int = 3) -> str:
    """Return `` Did you mean a, b?`` with the names in ``known`` closest to ``word``, or an empty string."""
    names = sorted(known)
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(word.lower(), lower, n=count, cutoff=0.5)
    if not close:
        tail = word.lower().rsplit("/", 1)[-1]
        close = [name for name in lower if tail and tail in name][:count]
    return f" Did you mean {', '.join(lower[name] for name in close)}?" if close else ""
