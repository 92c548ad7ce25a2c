"""Forks again and again, at most 64 times, each child for two seconds.

attack: process
when: load
static: refused
behind: denied, killed
target: processes
"""

import os
import time

OBS = "state"
children = 0
for _ in range(64):
    if os.fork() == 0:
        time.sleep(2)
        os._exit(0)
    children += 1
raise RuntimeError(f"BREACHED: {children} processes")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
