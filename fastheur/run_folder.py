"""Run folders: their names, where they are found, and the lock that lets one process work on one; light to import."""

import fcntl
import os
import re
import shlex
import time
from contextlib import suppress
from pathlib import Path

from fastheur.errors import ConfigError, nearest

RUNS = Path("runs")
"""Where run folders are made and looked for, in the folder one works in."""

LEDGER, LOCK, METER, LOG = "ledger.db", "lock", "meter", "player.log"
"""Files of a run folder."""

_NAME = re.compile(r"[\w.-]+")
_PATIENCE_S = 3.0


def find_run(name: str | Path) -> Path:
    """Return the folder of a run: a path, or a name under ``runs/``.

    Raises:
        ConfigError: there is none; the nearest names are offered.
    """
    for folder in (Path(name), RUNS / str(name)):
        if (folder / LEDGER).is_file():
            return folder
    known = [folder.name for folder in run_folders()]
    raise ConfigError(f"There is no run {str(name)!r}.{nearest(str(name), known)} `fastheur runs` shows all in runs/.")


def run_folders() -> list[Path]:
    """Return the run folders under ``runs/``, by name."""
    return sorted(path.parent for path in RUNS.glob(f"*/{LEDGER}"))


def new_folder(name: str | None, task: str, agent: str) -> Path:
    """Return the folder of a new run: the name given, or one made of date, task and agent."""
    if name is None:
        stem = f"{time.strftime('%Y%m%d-%H%M%S')}-{task.replace('/', '-')}-{agent}"
        tries = (RUNS / (stem if turn == 0 else f"{stem}-{turn}") for turn in range(1000))
        return next(folder for folder in tries if not folder.exists())
    if "/" in name:
        return Path(name)
    if not _NAME.fullmatch(name):
        raise ConfigError(f"name is {name!r}, expected letters, digits, dots, - and _, or a path.")
    return RUNS / name


def lock_folder(folder: Path) -> int:
    """Lock a run folder for this process and its player; the kernel lets go of it when both have ended, however."""
    path = folder / LOCK
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ConfigError(f"Cannot lock the run folder {folder}: {error.strerror}.") from error
    latest = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError as error:
            if time.monotonic() < latest:  # a supervisor that was killed takes its player with it, a moment later
                time.sleep(0.02)
                continue
            pid = os.read(lock, 20).decode(errors="replace").strip()
            os.close(lock)
            raise ConfigError(
                f"{folder} is in use by another process{f' ({pid})' if pid else ''}. Wait for it, or stop it; "
                f"`fastheur lab {shlex.quote(str(folder))} brief` talks to it."
            ) from error
    with suppress(OSError):  # a full disk: the lock holds without the number, which is for people
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
    return lock
