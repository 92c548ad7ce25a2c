"""Resource limits of a worker, as one table."""

import resource
from dataclasses import dataclass

from fastheur.isolation import IsolationError

GIB = 1 << 30
MEMORY = 3 * GIB
LEAST_MEMORY = GIB


@dataclass(frozen=True)
class Limit:
    """One limit, soft and hard alike: ``value`` in the unit of ``resource``; None is what the caller gives."""

    name: str
    value: int | None
    why: str


LIMITS: tuple[Limit, ...] = (
    Limit(
        "RLIMIT_AS",
        None,
        "Bounds memory in bytes, with what libraries only reserve; NumPy, Numba and OpenCV need 1 GiB.",
    ),
    Limit("RLIMIT_CORE", 0, "A core file would hold observations, and fill a disk."),
    Limit("RLIMIT_FSIZE", 1 << 20, "Bounds the log where it is a file."),
    Limit("RLIMIT_NOFILE", 64, "Five descriptors are in use; the rest is for imports."),
    Limit("RLIMIT_STACK", 8 << 20, "Endless recursion ends early; also the size of a thread's stack."),
    Limit("RLIMIT_MEMLOCK", 0, "No page need stay in memory; io_uring and perf take their buffers from here."),
    Limit("RLIMIT_MSGQUEUE", 0, "No message queues, which outlive a process."),
    Limit("RLIMIT_NICE", 0, "No higher priority."),
    Limit("RLIMIT_RTPRIO", 0, "No real-time priority, with which a loop could stop a core."),
)
"""RLIMIT_NPROC is not here: it counts all processes of a user, also those outside; the filter refuses new ones."""


def apply(memory_bytes: int = MEMORY) -> None:
    """Lower every limit of the table for this process and its children; where one is lower already, it stays.

    Raises IsolationError for less memory than a worker needs to start.
    """
    if memory_bytes < LEAST_MEMORY:
        raise IsolationError(
            f"memory is {memory_bytes} bytes, expected at least {LEAST_MEMORY}: NumPy, Numba and OpenCV need it."
        )
    for limit in LIMITS:
        kind = getattr(resource, limit.name)
        wanted = memory_bytes if limit.value is None else limit.value
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))
