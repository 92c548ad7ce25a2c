"""Runs a program and ends it together with everything it started: a process of its own, on the standard library alone.

As the reaper of its subtree (Linux: ``PR_SET_CHILD_SUBREAPER``) it inherits every process that the program leaves behind,
also one that left the group and the session, so that the process tree below it is all there is to end. That happens
when the program exits, on SIGTERM, and when standard input closes: then whoever started the keeper has died.
"""

import ctypes
import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
KILL_SECONDS = 5.0
"""A process that outlives SIGKILL for so long (one in the kernel, one of another user) is left alone."""

_LOOK_SECONDS = 0.02


def main() -> int:
    """Run the program in the arguments after the first, which is the grace in seconds; return its exit code."""
    grace, program = float(sys.argv[1]), sys.argv[2:]
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_CHILD_SUBREAPER")
    wake, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)  # a handler, so that the signal is written to the pipe
    try:
        empty_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
        pid = os.posix_spawnp(program[0], program, os.environ, file_actions=[empty_input])
    except OSError as error:
        print(f"Cannot start {program[0]}: {error.strerror}.", file=sys.stderr)
        return 127
    status = None
    while status is None:
        ready = select.select([0, wake], [], [])[0]
        if 0 in ready or {signal.SIGTERM, signal.SIGINT} & set(os.read(wake, 64)):
            break
        status = _reaped(pid)
    status = _end(pid, signal.SIGTERM, grace, status)
    status = _end(pid, signal.SIGKILL, KILL_SECONDS, status)
    return 128 + signal.SIGKILL if status is None else _code(status)


def _end(pid: int, number: int, patience: float, status: int | None) -> int | None:
    """Send signal ``number`` to the tree until it is gone or ``patience`` is over; return the status of ``pid`` if known."""
    deadline, told = time.monotonic() + patience, set[int]()
    while True:
        found = _reaped(pid)
        status = found if found is not None else status
        tree = _tree()
        if not tree or time.monotonic() > deadline:
            return status
        for process in tree - told:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        told |= tree
        time.sleep(_LOOK_SECONDS)


def _reaped(pid: int) -> int | None:
    """Reap every process that has ended, and return the exit status of ``pid`` if it was among them."""
    status = None
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            status = found[1] if found[0] == pid else status
    return status


def _tree() -> set[int]:
    """Return the ids of all processes below this one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # ended meanwhile
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(stat.parent.name)] = int(parent)
    tree, fresh = set[int](), {os.getpid()}
    while fresh:
        fresh = {process for process, parent in parents.items() if parent in fresh} - tree
        tree |= fresh
    return tree


def _code(status: int) -> int:
    """Return an exit code as a shell gives it: 128 and the signal's number for a program that was killed."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
