"""Fills /dev/shm, which the whole machine shares.

attack: resources
when: load
static: refused
behind: denied, killed
"""

import os

OBS = "state"
name = "/dev/shm/fastheur-redteam"
file = os.open(name, os.O_CREAT | os.O_RDWR, 0o600)
os.unlink(name)
size = 0
while size < 2**28:
    size += os.write(file, bytes(2**20))
raise RuntimeError(f"BREACHED: {size} bytes of /dev/shm")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
