"""Reads the ledger through SQLite's magic bytes.

attack: file-read
when: load
static: refused
behind: denied, killed
target: {FOLDER}/ledger.db
"""

import numpy as np

OBS = "state"
found = np.fromfile("{FOLDER}/ledger.db", np.uint8, 16)
raise RuntimeError(f"BREACHED: {found.size} bytes of the ledger")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
