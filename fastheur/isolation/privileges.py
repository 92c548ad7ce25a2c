"""Gives up what root may do, but for reading files: behind Landlock that opens no door, and a home may be private."""

import ctypes
import os

from fastheur.isolation import IsolationError, system

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

_VERSION = 0x20080522
_CAPGET = {"x86_64": 125, "aarch64": 90}
_CAPSET = {"x86_64": 126, "aarch64": 91}


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def drop() -> None:
    """Give up all capabilities of the calling thread but the one to read files, if held; IsolationError if refused.

    That one is CAP_DAC_READ_SEARCH or, in containers that lack it, CAP_DAC_OVERRIDE: an interpreter in somebody's
    private folder needs it to read its own library. The first also opens files by handle, past Landlock, but the
    filter ends a process that tries; what the second may write, Landlock forbids.
    """
    machine = system.machine()
    header = _Header(_VERSION, 0)
    sets = (_Sets * 2)()
    try:
        system.call(_CAPGET[machine], ctypes.byref(header), ctypes.byref(sets))
        reading = 1 << CAP_DAC_READ_SEARCH
        kept = (reading if sets[0].permitted & reading else 1 << CAP_DAC_OVERRIDE, 0)
        for half, left in zip(sets, kept, strict=True):
            half.permitted &= left
            half.effective &= left
            half.inheritable = 0
        system.call(_CAPSET[machine], ctypes.byref(header), ctypes.byref(sets))
    except OSError as error:
        raise IsolationError(f"capabilities cannot be given up: {os.strerror(error.errno or 0)}.") from None
