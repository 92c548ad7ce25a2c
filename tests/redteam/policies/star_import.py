"""Takes everything of a library by a star: what came with it has no name in the file.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}/secret.txt
"""

from numpy import *

OBS = "state"
found = fromfile("{FOLDER}/secret.txt", uint8)
raise RuntimeError(f"BREACHED: {found.size} bytes of the secret")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
