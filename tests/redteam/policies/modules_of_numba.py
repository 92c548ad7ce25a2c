"""Numba's module holds `sys`, and that holds every module.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

import numba

OBS = "state"
numba.sys.modules["os"].mkdir("{FOLDER}/made")
raise RuntimeError("BREACHED: made {FOLDER}/made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
