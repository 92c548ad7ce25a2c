"""Starts threads that go on computing between its turns.

attack: thread
when: load
static: refused
behind: denied, killed
"""

import _thread
import time

OBS = "state"
told = []
for _ in range(8):
    _thread.start_new_thread(told.append, (1,))
time.sleep(0.2)
raise RuntimeError(f"BREACHED: {len(told)} threads ran")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
