"""The template process: locks itself down, loads the libraries once, and forks a worker for every policy.

It is started with a fresh ``exec``, an empty environment and two descriptors, runs nothing but this package's own code, and
ends with the process that started it. A fork costs milliseconds where a start costs a second.
"""

import ctypes
import fcntl
import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from fastheur.isolation import IsolationError, acts, files, filters, limits, packages, privileges, reading
from fastheur.isolation.lifeline import die_with
from fastheur.isolation.threads import Threads

BELL_IN, BELL_OUT, INBOX, OUTBOX = 3, 4, 5, 6
"""Descriptors of a worker, behind /dev/null and its log, which is there twice."""

_MOST = 1 << 16
_GLANCE_S = 0.001
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until the other side closes the socket.

    The argument of the process is JSON: ``socket`` and ``alive`` descriptors; ``strict``; ``memory`` bytes of address space;
    ``packages``, folders by name; ``entry``, a module with ``warm()`` and ``serve(lock, plans)``.
    """
    setup = json.loads(sys.argv[1])
    die_with(setup["alive"])
    connection = socket.socket(fileno=setup["socket"])
    stamp: dict[str, Any] = {"landlock": None, "seccomp": None}
    folders = {name: Path(path) for name, path in setup["packages"].items()}
    packages.install(folders)
    try:
        threads = Threads()
        limits.apply(setup["memory"])
        if setup["strict"]:
            privileges.drop()
            stamp = {
                "landlock": files.restrict(reading.python_rules(folders)),
                "seccomp": filters.digest(os.uname().machine),
            }
        entry = import_module(setup["entry"])
        entry.warm()
        threads.require_one("the first fork")
        threads.close()
    except (IsolationError, OSError) as error:
        connection.send(json.dumps({"refused": str(error)}).encode())
        return
    gc.collect()
    gc.freeze()
    connection.send(json.dumps({"ready": stamp}).encode())
    lock = filters.install if setup["strict"] else str
    _serve(connection, partial(entry.serve, lock), lock)


def _serve(connection: socket.socket, work: Callable[[bool], None], lock: Callable[[], str]) -> None:
    """Answer ``fork`` (with a worker's descriptors, and whether it ``plans``), ``reap`` and ``prove``, one JSON object each."""
    while True:
        data, received, _, _ = socket.recv_fds(connection, _MOST, OUTBOX, socket.MSG_CMSG_CLOEXEC)
        if not data:
            return
        request = json.loads(data)
        if request["do"] == "fork":
            answer: dict[str, Any] = {"pid": _forked(partial(_become, received, partial(work, request["plans"])))}
        elif request["do"] == "reap":
            answer = {"status": _reaped(request["pid"], request["patience_s"])}
        else:
            answer = {"breached": _breached(request, lock)}
        for descriptor in received:
            os.close(descriptor)
        connection.send(json.dumps(answer).encode())


def _reaped(pid: int, patience_s: float) -> int | None:
    """Return a child's wait status once it has died, or None if it does not."""
    until = time.monotonic() + patience_s
    while True:
        dead, status = os.waitpid(pid, os.WNOHANG)
        if dead:
            return status
        if time.monotonic() > until:
            return None
        time.sleep(_GLANCE_S)


def _forked(work: Callable[[], None]) -> int:
    """Return the process id of a child that does ``work`` and ends."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        os.setsid()
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def _become(received: Sequence[int], work: Callable[[], None]) -> None:
    """Keep a worker's descriptors in their places, close all others, and do its work."""
    log, *rest = received
    nowhere = os.open(os.devnull, os.O_RDONLY)
    aside = [fcntl.fcntl(one, fcntl.F_DUPFD, OUTBOX + 1) for one in (nowhere, log, log, *rest)]
    for place, descriptor in enumerate(aside):
        os.dup2(descriptor, place, inheritable=False)
    os.closerange(len(aside), os.sysconf("SC_OPEN_MAX"))
    work()


def _breached(request: Mapping[str, Any], lock: Callable[[], str]) -> list[str]:
    """Have a child behind the walls attempt each forbidden act, and return those that were not prevented."""
    targets = acts.Targets(Path(request["file"]), Path(request["folder"]), request["parent"])

    def attempt(act: str) -> None:
        lock()
        acts.run(act, targets)

    children = [(act, _forked(partial(attempt, act))) for act in acts.ACTS]  # side by side: each of them waits a little
    return [act for act, child in children if not acts.contained(os.waitpid(child, 0)[1])]


def _prctl(option: int, value: int) -> None:
    with suppress(AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
