"""Connects to a server on this machine and says what it knows.

attack: network
when: load
static: refused
behind: denied, killed
target: {PORT}
"""

import socket

OBS = "state"
with socket.create_connection(("127.0.0.1", int("{PORT}")), 2) as connection:
    connection.sendall(b"hello")
    raise RuntimeError("BREACHED: connected to port {PORT}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
