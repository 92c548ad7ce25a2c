"""Gives up what root may do, but for reading files: behind Landlock that opens no door, and a home may be private."""

import ctypes
import os

from fastheur.isolation import IsolationError, system

CAP_DAC_READ_SEARCH = 2

_VERSION = 0x20080522
_CAPGET = {"x86_64": 125, "aarch64": 90}
_CAPSET = {"x86_64": 126, "aarch64": 91}


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop() -> None:
    """Give up all capabilities of the calling thread but CAP_DAC_READ_SEARCH, if it is held; IsolationError if refused.

    Without it, the interpreter in another user's private home could not read its own library. It would also open
    files by handle, past Landlock, but the filter ends a process that tries.
    """
    machine = system.machine()
    header = _Header(_VERSION, 0)
    sets = (_Sets * 2)()
    try:
        system.call(_CAPGET[machine], ctypes.byref(header), ctypes.byref(sets))
        for half, kept in zip(sets, (1 << CAP_DAC_READ_SEARCH, 0), strict=True):
            half.permitted &= kept
            half.effective &= kept
            half.inheritable = 0
        system.call(_CAPSET[machine], ctypes.byref(header), ctypes.byref(sets))
    except OSError as error:
        raise IsolationError(f"capabilities cannot be given up: {os.strerror(error.errno or 0)}.") from None
