"""System calls by number, where Python has no function for them."""

import ctypes
import errno
import os
import platform
import struct

from fastheur.isolation import IsolationError

PR_SET_NO_NEW_PRIVS = 38
MACHINES = ("x86_64", "aarch64")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def machine() -> str:
    """Return ``x86_64`` or ``aarch64``; IsolationError on anything else, and in a 32-bit interpreter."""
    found = platform.machine()
    if found not in MACHINES or struct.calcsize("P") != 8:
        raise IsolationError(
            f"this interpreter runs on {found!r} with {8 * struct.calcsize('P')} bits, "
            f"expected {' or '.join(MACHINES)} with 64: use isolation level 'process' here."
        )
    return found


def call(number: int, *arguments: object) -> int:
    """Make system call ``number`` with whole numbers or ctypes references; OSError where the kernel refuses."""
    prepared = (ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)
    answer = _libc.syscall(ctypes.c_long(number), *prepared)
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(answer)


def no_new_privileges() -> None:
    """Give up every later gain of privileges (set-user-id programs); the kernel asks for it before Landlock and seccomp."""
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise IsolationError(f"no_new_privs cannot be set: {os.strerror(code)} ({errno.errorcode.get(code, code)}).")
