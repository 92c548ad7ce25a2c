"""Deeds that must fail behind the walls, for a probe that tries them one by one.

Each deed succeeds for an ordinary user of an ordinary Linux, so that a success means: the wall is not there.
The probe forks a child per deed, which raises the walls and calls ``run``; the parent waits and asks ``contained``.
"""

import _thread
import ctypes
import errno
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fastheur.isolation import system

DENIED = 40
BREACHED = 41
UNCLEAR = 42

_REFUSALS = {errno.EACCES, errno.EPERM, errno.ENOSYS}
_PTRACE = {"x86_64": 101, "aarch64": 117}
_PROCESS_VM_READV = {"x86_64": 310, "aarch64": 270}
_UNSHARE = {"x86_64": 272, "aarch64": 97}
_SHMGET = {"x86_64": 29, "aarch64": 194}
_SHMCTL = {"x86_64": 31, "aarch64": 195}
_PIDFD_OPEN, _IO_URING_SETUP = 434, 425
_PTRACE_TRACEME = 0
_CLONE_FILES = 0x400


@dataclass(frozen=True)
class Targets:
    """What the deeds are done to: an existing ``file`` with content, a ``folder`` to write to, and the ``parent``'s pid.

    File and folder belong to the user who probes, and hold nothing of worth: a deed that succeeds changes them.
    """

    file: Path
    folder: Path
    parent: int


def attempt(name: str, targets: Targets) -> None:
    """Do deed ``name``: raises OSError where it is refused, never returns where it ends the process."""
    ACTS[name](targets)


def run(name: str, targets: Targets) -> NoReturn:
    """Do deed ``name`` and end the process with what came of it: DENIED, BREACHED, or UNCLEAR for any other error."""
    outcome = UNCLEAR
    try:
        attempt(name, targets)
        outcome = BREACHED
    except OSError as error:
        outcome = DENIED if error.errno in _REFUSALS else UNCLEAR
    finally:
        os._exit(outcome)


def contained(status: int) -> bool:
    """Tell whether the wall held, from what ``os.waitpid`` gave: the deed was refused, or ended its process (SIGSYS)."""
    if os.WIFSIGNALED(status):
        return os.WTERMSIG(status) == signal.SIGSYS
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == DENIED


def _append(targets: Targets) -> None:
    with targets.file.open("a") as file:
        file.write("more")


def _connect(_: Targets) -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())


def _datagram(_: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"hello", ("127.0.0.1", 9))


def _fork(_: Targets) -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _exec(_: Targets) -> None:
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", f"import os; os._exit({BREACHED})"])


def _thread_start(_: Targets) -> None:
    try:
        _thread.start_new_thread(int, ())
    except RuntimeError as error:
        raise PermissionError(errno.EPERM, str(error)) from None


def _process_vm_readv(_: Targets) -> None:
    source, sink = ctypes.create_string_buffer(b"content"), ctypes.create_string_buffer(8)
    there, here = ((ctypes.c_size_t * 2)(ctypes.addressof(one), 8) for one in (source, sink))
    number = _PROCESS_VM_READV[system.machine()]
    system.call(number, os.getpid(), ctypes.byref(here), 1, ctypes.byref(there), 1, 0)


def _shared_segment(_: Targets) -> None:
    segment = system.call(_SHMGET[system.machine()], 0, 4096, 0o600)
    system.call(_SHMCTL[system.machine()], segment, 0, 0)


def _set_limit(_: Targets) -> None:
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE))
    except ValueError as error:  # Python's answer to EPERM
        raise PermissionError(errno.EPERM, str(error)) from None


def _not_blocking(_: Targets) -> None:
    fcntl.fcntl(2, fcntl.F_SETFL, fcntl.fcntl(2, fcntl.F_GETFL))


ACTS: dict[str, Callable[[Targets], object]] = {
    "read a file": lambda targets: targets.file.read_bytes(),
    "list a folder": lambda targets: os.listdir(targets.folder),
    "list /proc": lambda _: os.listdir("/proc"),
    "read the parent's memory map": lambda targets: Path(f"/proc/{targets.parent}/maps").read_bytes(),
    "find the parent's program": lambda targets: Path(f"/proc/{targets.parent}/exe").readlink(),
    "read its own environment": lambda _: Path("/proc/self/environ").read_bytes(),
    "open a device": lambda _: Path("/dev/zero").open("rb").close(),
    "write a new file": lambda targets: (targets.folder / "new").write_text("text"),
    "append to a file": _append,
    "truncate a file": lambda targets: os.truncate(targets.file, 1),
    "change a file's mode": lambda targets: targets.file.chmod(0o600),
    "change a file's times": lambda targets: os.utime(targets.file, (0, 0)),
    "rename a file": lambda targets: targets.file.rename(targets.file),
    "link a file": lambda targets: os.link(targets.file, targets.folder / "link"),
    "remove a file": lambda targets: targets.file.unlink(),
    "make a folder": lambda targets: (targets.folder / "inner").mkdir(),
    "make a symbolic link": lambda targets: (targets.folder / "symbolic").symlink_to(targets.file),
    "create a socket": lambda _: socket.socket().close(),
    "create a Unix socket": lambda _: socket.socket(socket.AF_UNIX).close(),
    "connect to a port": _connect,
    "send a datagram": _datagram,
    "fork": _fork,
    "execute a program": _exec,
    "start a thread": _thread_start,
    "signal the parent": lambda targets: os.kill(targets.parent, 0),
    "hold the parent by a descriptor": lambda targets: system.call(_PIDFD_OPEN, targets.parent, 0),
    "be traced": lambda _: system.call(_PTRACE[system.machine()], _PTRACE_TRACEME, 0, 0, 0),
    "read memory of a process": _process_vm_readv,
    "set up io_uring": lambda _: system.call(_IO_URING_SETUP, 1, ctypes.create_string_buffer(120)),
    "create memory with a name": lambda _: os.memfd_create("memory"),
    "map shared memory": lambda _: mmap.mmap(-1, 4096).close(),
    "create a shared segment": _shared_segment,
    "create a pipe": lambda _: os.pipe(),
    "watch events": lambda _: select.epoll().close(),
    "leave shared namespaces": lambda _: system.call(_UNSHARE[system.machine()], _CLONE_FILES),
    "set a limit": _set_limit,
    "change an open file's flags": _not_blocking,
}
"""Name of each deed and the function that does it."""
