"""Contains what VizDoom writes into the working directory (``_vizdoom.ini``, ``_vizdoom/``) in a scratch folder.

The folder is made beforehand because instances that start together race to make it, and one that loses hangs. With it
starts a small process that clears everything away when this one ends: see :mod:`fastheur.vizdoom_watch`.
"""

import atexit
import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fastheur import vizdoom_watch
from fastheur.errors import EngineError

_held: list[tuple[subprocess.Popen, int]] = []


@cache
def _scratch(pid: int) -> str:
    """Return the scratch folder of this process; a fork gets one of its own."""
    name = f"{vizdoom_watch.prefix(pid)}{secrets.token_hex(4)}"
    folder = os.path.realpath(os.path.join(tempfile.gettempdir(), name))
    _watch(pid, folder)  # before there is a folder: a kill in between leaves nothing
    os.mkdir(folder, 0o700)
    os.mkdir(os.path.join(folder, "_vizdoom"))
    atexit.register(_leave, pid, folder)
    return folder


def _leave(pid: int, folder: str) -> None:
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)


def _watch(pid: int, folder: str) -> None:
    """Start the process that waits for this one's end, which closes the pipe."""
    watched, held = os.pipe()
    try:
        watch = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(vizdoom_watch.__file__)), str(pid), folder],
            stdin=watched,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        os.close(held)
        raise EngineError(
            f"Cannot start the process that clears up after VizDoom: {error.strerror or error}."
        ) from error
    finally:
        os.close(watched)
    _held.append((watch, held))


def _forked() -> None:
    """A fork holds no pipe of its parent's open."""
    for _, held in _held:
        os.close(held)
    _held.clear()


os.register_at_fork(after_in_child=_forked)


@contextlib.contextmanager
def vizdoom_folder() -> Iterator[str]:
    """Work in the process's scratch folder while a pool is built, and yield its path.

    Afterwards the pool's shared memory has no name left that could outlive it.
    """
    scratch, before = _scratch(os.getpid()), os.getcwd()
    building = Path(scratch, vizdoom_watch.BUILDING)
    building.touch()
    os.chdir(scratch)
    try:
        yield scratch
    finally:
        os.chdir(before)
        vizdoom_watch.unlink_own()
        building.unlink(missing_ok=True)
