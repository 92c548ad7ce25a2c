"""Gives NumPy another name first, so that no text `np.load` is in the file.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}/secret.txt
"""

import numpy as np

OBS = "state"
arrays = [np][0]
found = arrays.genfromtxt("{FOLDER}/secret.txt", dtype=str)
raise RuntimeError(f"BREACHED: {found!r:.20} of the secret")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
