"""Lists the home folder and reads a shell history.

attack: file-read
when: load
static: refused
behind: denied, killed
target: {HOME}
"""

import os

OBS = "state"
names = os.listdir("{HOME}")
raise RuntimeError(f"BREACHED: the home folder has {len(names)} entries")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
