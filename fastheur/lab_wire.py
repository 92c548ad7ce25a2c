"""How an operation, its answer and its errors go over the Lab's socket: the part that server and client share.

A message is one JSON object. ``{"do": "call", "arguments": [...]}`` is answered by ``{"result": ...}`` or by
``{"error": name of the class, "message": ..., "line": ...}``.
"""

import base64
from collections.abc import Mapping
from typing import Any

from fastheur import errors
from fastheur.errors import ConfigError, FastheurError
from fastheur.operations import Answer, Picture

SOCKET = "lab.sock"
"""Name of the socket in a run folder."""

DOINGS = ("call", "charge", "remember", "recall", "say")
"""What may be asked for: the methods of :class:`fastheur.agents.base.Door`."""

FAULT = "fault"
"""Stands for the class of an error that is none of the user's: something in the supervisor is broken."""

_KINDS = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, FastheurError)
}


def result(value: Any) -> dict[str, Any]:
    """Return the reply that carries ``value``: an Answer, or JSON values."""
    return {"result": _plain(value) if isinstance(value, Answer) else value}


def problem(error: Exception) -> dict[str, Any]:
    """Return the reply that carries ``error``; a class of somebody else's goes as its nearest parent in errors.py."""
    kind = next((parent.__name__ for parent in type(error).__mro__ if _KINDS.get(parent.__name__) is parent), FAULT)
    message = f"{type(error).__name__} in the supervisor: {error}" if kind == FAULT else str(error)
    return {"error": kind, "message": message, "line": getattr(error, "line", None)}


def outcome(reply: Mapping[str, Any]) -> Any:
    """Return the value of a reply, or raise its error.

    Raises:
        FastheurError: the same that the supervisor raised.
        RuntimeError: something in the supervisor is broken.
    """
    if "error" not in reply:
        return reply["result"]
    if reply["error"] == FAULT:
        raise RuntimeError(reply["message"])
    raise errors.named_error(reply["error"], reply["message"], reply["line"])


def too_long(size: int) -> ConfigError:
    """Return the error for a message of ``size`` bytes."""
    return ConfigError(f"Found {size:,} bytes in one message, expected less than 16 MB: a policy file has a few kB.")


def answer(plain: Mapping[str, Any]) -> Answer:
    """Return the Answer in a result."""
    pictures = tuple(Picture(one["caption"], base64.b64decode(one["png"])) for one in plain["pictures"])
    return Answer(plain["text"], plain["data"], pictures, plain["over"])


def _plain(answer: Answer) -> dict[str, Any]:
    pictures = [{"caption": one.caption, "png": base64.b64encode(one.png).decode("ascii")} for one in answer.pictures]
    return {"text": answer.text, "data": dict(answer.data), "pictures": pictures, "over": answer.over}
