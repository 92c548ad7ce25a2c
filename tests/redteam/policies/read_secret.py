"""Reads a file in the user's folders.

attack: file-read
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
        try:
            with open("{FOLDER}/secret.txt") as file:
                raise RuntimeError("BREACHED: the secret is " + file.read(8))
        except FileNotFoundError:
            raise RuntimeError("MISAIMED: there is no secret.txt") from None
