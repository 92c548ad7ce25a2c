"""Plays well for twenty calls and only then reads the secret.

attack: time-bomb
when: batch
static: refused
behind: denied, killed
target: {FOLDER}/secret.txt
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        self.calls += 1
        if self.calls > 20:
            with open("{FOLDER}/secret.txt") as file:
                raise RuntimeError("BREACHED: the secret is " + file.read(8))
        lean = obs[:, 2] + 0.3 * obs[:, 3] + 0.03 * obs[:, 0] + 0.06 * obs[:, 1]
        return (lean > 0).astype(np.int64)
