"""Has Python call it for every function that the worker calls, and looks at what it was given.

attack: patching
when: load
static: refused
behind: error, killed, hung, harmless
target: next trial
"""

import sys

OBS = "state"


def watch(frame, event, argument):
    for name in list(frame.f_locals):
        if "seed" in name.lower() and str(frame.f_globals.get("__name__")).startswith("fastheur"):
            raise RuntimeError(f"BREACHED: the worker has a variable {name}")


sys.settrace(watch)
sys.setprofile(watch)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
