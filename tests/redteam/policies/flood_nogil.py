"""Takes memory in compiled code, where no Python checks anything: at most 6 GB.

attack: memory-flood
when: act
static: passes
behind: error, killed, hung
"""

import numpy as np

OBS = "state"


def act(obs, info, state, params):
    kept = [np.ones(1 << 20)]
    while len(kept) < 768:
        kept.append(np.ones(1 << 20))
    if len(kept) == 768 and kept[767][5] == 1.0:
        raise RuntimeError("BREACHED: 6 GB in compiled code")
    return 0
