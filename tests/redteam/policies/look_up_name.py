"""Asks the name service, whose question alone would carry a secret out.

attack: network
when: load
static: refused
behind: denied, killed
"""

import socket

OBS = "state"
try:
    found = socket.getaddrinfo("localhost", 80)
except socket.gaierror as error:
    raise PermissionError(str(error)) from None
raise RuntimeError(f"BREACHED: a name was looked up: {found!r:.60}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
