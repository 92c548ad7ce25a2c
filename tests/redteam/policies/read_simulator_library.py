"""Reads the simulator's library, which holds the tasks' constants.

attack: file-read
when: load
static: refused
behind: denied, killed
target: {ENVPOOL}
"""

import os

OBS = "state"
names = os.listdir("{ENVPOOL}")
with open(os.path.join("{ENVPOOL}", "__init__.py"), "rb") as file:
    raise RuntimeError(f"BREACHED: {len(names)} files of EnvPool, {len(file.read())} bytes of one")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
