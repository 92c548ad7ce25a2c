"""Loops for ever when its process is asked to end, and writes a file first.

attack: finalizer
when: load
static: refused
behind: denied, killed, hung, harmless
target: {FOLDER}, next trial
"""

import atexit

OBS = "state"


def stay():
    try:
        open("{FOLDER}/left.txt", "w").close()
    except OSError:
        pass
    while True:
        pass


atexit.register(stay)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
