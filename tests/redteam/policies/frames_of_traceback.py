"""Climbs from an exception's traceback to the harness's frames.

attack: static-evasion
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
            raise ValueError
        except ValueError as error:
            names = error.__traceback__.tb_frame.f_back.f_globals
            look = names["__builtins__"]
        look = look["open"] if isinstance(look, dict) else look.open
        with look("{FOLDER}/secret.txt") as file:
            raise RuntimeError("BREACHED: the secret is " + file.read(8))
