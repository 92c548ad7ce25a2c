"""``out=``: checked before anything is played, replaced only when the new file is whole."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastheur.errors import ConfigError

LEDGER_SUFFIXES = ("", "-wal", "-shm")
"""SQLite's files beside the ledger belong to it."""


def checked(out: Any, ledger: str | None = None, policy: str | None = None) -> Path | None:
    """Return where ``out`` is to be written, after trying that it can be; None when nothing is asked for.

    Raises:
        ConfigError: a folder, the ledger or the policy file, or a place that cannot be written.
    """
    if out is None:
        return None
    path = Path(str(out))
    try:
        if path.is_dir():
            raise ConfigError(f"out={out} is a folder, expected a file (under -m it is a folder).")
        _refuse(path, [f"{ledger}{suffix}" for suffix in LEDGER_SUFFIXES] if ledger else [], "the ledger")
        _refuse(path, [policy] if policy else [], "the policy file")
        if not _direct(path):
            _try(path.resolve())
    except OSError as error:
        raise ConfigError(f"Cannot write out={out}: {error.strerror}.") from error
    return path


def checked_folder(out: str) -> None:
    """Check that ``out`` is a folder for the Scorecards of a sweep, or can become one."""
    folder = Path(out)
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"out={out} is a file, expected a folder under -m: it gets a file per job.")
        _try(folder.resolve() / "scorecard.json")
    except OSError as error:
        raise ConfigError(f"Cannot write into out={out}: {error.strerror}.") from error


def write_json(content: Any, path: Path) -> None:
    """Write ``content``: a regular file is replaced as a whole, a device or pipe is written to."""
    text = json.dumps(content, indent=2) + "\n"
    if _direct(path):
        with path.open("a") as file:
            file.write(text)
        return
    path = path.resolve()  # a link keeps pointing where it points
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path)
    draft.write_text(text)
    draft.replace(path)


def _direct(path: Path) -> bool:
    """True for devices, pipes and links to open files (/dev/stdout), which must never be replaced by a file."""
    open_file = str(path.absolute().parent) in ("/dev", "/dev/fd") or path.absolute().is_relative_to("/proc")
    return path.exists() and (open_file or not path.is_file())


def _try(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(None, "it is write-protected")
    draft = _draft(path)
    with draft.open("a"):
        pass
    draft.unlink()


def _draft(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _refuse(path: Path, taken: Iterable[str], what: str) -> None:
    for other in map(Path, taken):
        same = path.samefile(other) if path.exists() and other.exists() else path.resolve() == other.resolve()
        if same:
            raise ConfigError(f"out={path} is {what}, which would be lost; give the result a file of its own.")
