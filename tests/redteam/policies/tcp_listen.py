"""Listens on a port of its own.

attack: network
when: load
static: refused
behind: denied, killed
"""

import socket

OBS = "state"
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
raise RuntimeError(f"BREACHED: listens on port {listener.getsockname()[1]}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
