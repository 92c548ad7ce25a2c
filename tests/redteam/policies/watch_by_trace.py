"""Has Python call it for every line that the worker runs.

attack: patching
when: load
static: refused
behind: error, killed, hung, harmless
target: next trial
"""

import sys

OBS = "state"
SEEN = []


def watch(frame, event, argument):
    for name in list(frame.f_locals):
        if "seed" in name.lower():
            SEEN.append(name)
            raise RuntimeError(f"BREACHED: the worker has a variable {name}")
    return watch


sys.settrace(watch)
sys.setprofile(watch)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
