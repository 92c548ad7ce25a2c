"""Short turns on a processor: a worker that is asked for an answer is scheduled before those who compute all the time."""

import contextlib
import struct

from fastheur.isolation import IsolationError, system

SLICE_NS = 100_000
"""The shortest turn that Linux 6.12 and later give; earlier kernels take no notice."""

_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")


def shorten() -> None:
    """Ask for turns of :data:`SLICE_NS` for the calling thread, which costs it nothing of its share."""
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, 0, 0, 0, 0, SLICE_NS, 0, 0)
    with contextlib.suppress(OSError, IsolationError):
        system.call(_SCHED_SETATTR[system.machine()], 0, attributes, 0)
