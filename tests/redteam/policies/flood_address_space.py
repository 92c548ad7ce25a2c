"""Asks for 256 GB that it never touches.

attack: memory-flood
when: load
static: passes
behind: error, killed
"""

import numpy as np

OBS = "state"
kept = [np.zeros(1 << 31) for _ in range(16)]
raise RuntimeError("BREACHED: 256 GB of address space")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
