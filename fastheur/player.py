"""The process that plays for a run: it steps the engine and asks policies, one request of the supervisor at a time.

Policies are in cells of their own (see :mod:`fastheur.isolated`), but at isolation level ``none``: then one that crashes or hangs
takes this process with it and nothing else. What is sent back is data, never a pickle. It ends with its supervisor, and
its children with it, from its first moment on: libraries are loaded after that is settled.
"""

import json
import os
import socket
import sys

from fastheur import resident, sockets
from fastheur.isolation.lifeline import die_with


def main() -> None:
    """Serve until the other side closes the socket; the argument is its descriptor and others, as JSON."""
    setup = json.loads(sys.argv[1])
    for inherited in (setup["socket"], setup["alive"], setup["lock"]):
        os.set_inheritable(
            inherited, False
        )  # simulators' processes that outlive this one by a moment must hold nothing
    die_with(setup["alive"])

    from fastheur.engine import Engine
    from fastheur.host import Runner
    from fastheur.meter import StepMeter
    from fastheur.player_requests import serve

    Engine.meter = Runner.account = StepMeter(setup["meter"])
    connection = socket.socket(fileno=setup["socket"])
    sockets.send(connection, {"ready": True})
    while (received := sockets.receive(connection)) is not None:
        serve(received[0], lambda message: sockets.send(connection, message))
        for work in resident.idle_work:
            work()


if __name__ == "__main__":
    main()
