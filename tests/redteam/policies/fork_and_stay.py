"""Leaves a child behind that outlives it (for ten seconds).

attack: process
when: batch
static: refused
behind: denied, killed
target: processes
"""

import os
import time

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        child = os.fork()
        if child == 0:
            time.sleep(10)
            os._exit(0)
        raise RuntimeError(f"BREACHED: process {child} stays behind")
