"""``fastheur resident start|stop|status``: the process that keeps the libraries loaded between calls."""

import os
import select
import socket
from collections.abc import Mapping
from typing import Any

from fastheur import resident, sockets
from fastheur.errors import ConfigError
from fastheur.resident_client import connected, connection_to

ACTIONS = ("start", "stop", "status")
_PATIENCE = 1.0


def main(config: Mapping[str, Any], action: str) -> int:
    """Do ``action``."""
    idle = config["idle"]
    if isinstance(idle, bool) or not isinstance(idle, (int, float)) or not 0 < idle <= 10_000:
        raise ConfigError(f"idle is {idle!r}, expected minutes above 0, at most 10000.")
    if action not in ACTIONS:
        raise ConfigError(f"`fastheur resident` knows {', '.join(ACTIONS)}, found {action!r}.")
    if action == "start":
        _start(float(idle))
        return 0
    running = [connection for where in resident.places() if (connection := connection_to(where))]
    if not running:
        print("No resident process runs.")
    for connection in running:
        with connection:
            print(_stop(connection) if action == "stop" else _status(connection), flush=True)
    return 0


def _start(idle: float) -> None:
    where = resident.place()
    connection, fresh = connected(where, idle)
    with connection:
        if not fresh:
            print(_status(connection) + " It ran already; `fastheur resident stop` ends it.")
            return
        pid = sockets.peer(connection)[0]
        if resident.asked(connection, {"kind": "status"}) is None:
            raise ConfigError(f"The resident process {pid} ended at once; {resident.beside(where, '.log')} says why.")
    print(f"Resident process {pid} is ready and ends after {idle:g} idle minutes.")
    if os.environ.get(resident.VARIABLE, "0") in ("", "0"):
        print(f"Calls go to it where {resident.VARIABLE}=1 is set.")


def _status(connection: socket.socket) -> str:
    pid = sockets.peer(connection)[0]
    if not select.select([connection], [], [], _PATIENCE)[0]:
        return f"Resident process {pid} is starting or busy with a call."
    reply = resident.asked(connection, {"kind": "status"})
    if reply is None:
        return f"Resident process {pid} has just ended."
    _, _, calls, age, idle = reply
    return (
        f"Resident process {pid}: {calls} call{'s' * (calls != 1)} in {age / 60:.1f} minutes, "
        f"ends after {idle / 60:g} idle minutes."
    )


def _stop(connection: socket.socket) -> str:
    pid = sockets.peer(connection)[0]
    if not select.select([connection], [], [], _PATIENCE)[0]:
        print(f"Resident process {pid} ends when its call has ended; waiting.", flush=True)
    resident.asked(connection, {"kind": "stop"})
    while resident.replied(connection) is not None:  # it keeps the connection until it has ended
        pass
    return f"Resident process {pid} has ended."
