"""Sends a datagram, for which nobody needs to listen.

attack: network
when: reset
static: refused
behind: denied, killed
target: {PORT}
"""

import socket

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        pass

    def reset(self, slots):
        sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", int("{PORT}")))
        raise RuntimeError(f"BREACHED: sent {sent} bytes")

    def act(self, obs, info, slots):
        return np.zeros(len(slots), np.int64)
