"""Opens copies of its descriptors until there are no more.

attack: resources
when: load
static: refused
behind: denied, killed
"""

import os

OBS = "state"
files = 0
while files < 100_000:
    os.dup(2)
    files += 1
raise RuntimeError(f"BREACHED: {files} descriptors are open")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
