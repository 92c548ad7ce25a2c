"""Landlock: which files a process may read; it can write none, and every other right the kernel knows is taken away.

A rule gives rights on a path and all below it. Names and sizes stay visible to ``stat``, which Landlock does not check.
Numbers are those of ``linux/landlock.h``.
"""

import ctypes
import errno
import os
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fastheur.isolation import IsolationError, system
from fastheur.isolation.threads import Threads

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
TRUNCATE = 1 << 14
IOCTL_DEV = 1 << 15
READ = READ_FILE | READ_DIR
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION = 1
_PATH_BENEATH = 1
_LOG_SAME_EXEC_OFF = 1


@dataclass(frozen=True)
class Rule:
    """``rights`` on ``path`` and all below it; a path that is not there, or cannot be reached, gives none."""

    path: Path
    rights: int
    why: str


@dataclass(frozen=True)
class Abi:
    """What kernels of Landlock ABI ``version`` and later can take away: rights on files, on TCP ports, to reach others."""

    version: int
    files: int = 0
    network: int = 0
    scopes: int = 0
    why: str = ""


ABIS: tuple[Abi, ...] = (
    Abi(1, files=(1 << 13) - 1, why="Execute, write, read, list; remove and make each kind of file."),
    Abi(2, files=1 << 13, why="Link or rename across folders (REFER)."),
    Abi(3, files=TRUNCATE, why="Truncate."),
    Abi(4, network=0b11, why="Bind and connect TCP."),
    Abi(5, files=IOCTL_DEV, why="ioctl on devices."),
    Abi(6, scopes=0b11, why="Abstract Unix sockets, and signals, of processes that are not behind this wall."),
)


def abi() -> int:
    """Return the kernel's Landlock ABI; IsolationError where there is none."""
    system.machine()
    try:
        return system.call(_CREATE_RULESET, 0, 0, _CREATE_RULESET_VERSION)
    except OSError as error:
        reason = {
            errno.ENOSYS: "the kernel was built without it, or is older than Linux 5.13",
            errno.EOPNOTSUPP: "it is switched off: add 'landlock' to the kernel's lsm= list",
            errno.EPERM: "the container's own filter forbids it: allow landlock_create_ruleset, _add_rule, _restrict_self",
        }.get(error.errno or 0, os.strerror(error.errno or 0))
        raise IsolationError(f"Landlock is not to be had: {reason}.") from None


def handled(version: int) -> Abi:
    """Return all that a kernel of ABI ``version`` can take away."""
    known = [one for one in ABIS if one.version <= version]
    files, network, scopes = 0, 0, 0
    for one in known:
        files, network, scopes = files | one.files, network | one.network, scopes | one.scopes
    return Abi(version, files, network, scopes)


def restrict(rules: Iterable[Rule]) -> int:
    """Leave this process only what ``rules`` give, for good and for its children; return the kernel's Landlock ABI.

    Raises IsolationError where the kernel refuses, and where the process has a second thread, which would stay free.
    """
    with Threads() as threads:
        threads.require_one("Landlock")
    version = abi()
    taken = handled(version)
    attributes = ctypes.create_string_buffer(struct.pack("<QQQ", taken.files, taken.network, taken.scopes), 24)
    system.no_new_privileges()
    try:
        ruleset = system.call(_CREATE_RULESET, ctypes.byref(attributes), 24, 0)
        try:
            for rule in rules:
                _add(ruleset, rule, taken.files)
            # A hostile loop of refused calls must not fill the machine's audit log.
            system.call(_RESTRICT_SELF, ruleset, _LOG_SAME_EXEC_OFF if version >= 7 else 0)
        finally:
            os.close(ruleset)
    except OSError as error:
        raise IsolationError(f"Landlock (ABI {version}) refused: {os.strerror(error.errno or 0)}.") from None
    return version


def _add(ruleset: int, rule: Rule, known: int) -> None:
    try:
        place = os.open(rule.path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        fitting = known if stat.S_ISDIR(os.fstat(place).st_mode) else known & _OF_FILES
        if rights := rule.rights & fitting:
            beneath = ctypes.create_string_buffer(struct.pack("<Qi", rights, place), 12)
            system.call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(beneath), 0)
    finally:
        os.close(place)
