"""Writes 256 MB straight to descriptors 1 and 2, past Python's buffers.

attack: output
when: load
static: refused
behind: harmless, denied, killed, hung, error
target: log
"""

import os

OBS = "state"
for _ in range(128):
    os.write(1, b"x" * 2**20)
    os.write(2, b"\xff" * 2**20)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
