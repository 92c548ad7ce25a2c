"""Joins a run that somebody works on: the door of its supervisor."""

import shlex
from pathlib import Path

from fastheur.errors import ConfigError, FastheurError
from fastheur.lab_client import DoorClient
from fastheur.lab_wire import SOCKET


def join(folder: Path) -> DoorClient:
    """Return the door of the run in ``folder``.

    Raises:
        ConfigError: nobody works on it; says what can be done, which is another thing where the run has ended.
    """
    try:
        return DoorClient(folder / SOCKET)
    except ConfigError:
        over = _ended(folder)
        if over is None:
            raise
        show = f"`fastheur show {shlex.quote(str(folder))}`"
        raise ConfigError(
            f"The run {folder} has ended ({over}) and its champion is confirmed; {show} shows it."
        ) from None


def _ended(folder: Path) -> str | None:
    """Return why a run whose champion is confirmed has ended; None for any other."""
    from fastheur.runs import Run  # a quarter of a second, which only an error pays

    try:
        run = Run.open(folder)
    except FastheurError:
        return None
    return str(run.ledger.value("over")) if run.status == "confirmed" else None
