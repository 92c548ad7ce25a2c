"""Aborts, which may leave a core file.

attack: exit
when: load
static: refused
behind: killed
target: {FOLDER}
"""

import os

OBS = "state"
os.abort()


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
