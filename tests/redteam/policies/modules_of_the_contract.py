"""Imports Numba and its extensions from the contract's own module, where they are plain names.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

from fastheur.policy import numba as compiler

OBS = "state"
compiler.sys.modules["os"].mkdir("{FOLDER}/made")
raise RuntimeError("BREACHED: made {FOLDER}/made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
