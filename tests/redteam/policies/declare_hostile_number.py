"""Declares a default that is one number when it is checked and another when it is used, and lets itself be pickled.

attack: declaration
when: load
static: refused
behind: denied, error, harmless, killed
target: {FOLDER}
"""

import os

from fastheur.policy import Param

OBS = "state"


class Shifting(float):
    def __float__(self):
        return 1e300

    def __reduce__(self):
        return os.mkdir, ("{FOLDER}/made",)


PARAMS = {"weight": Param(Shifting(0.5), 0.0, 1.0)}


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
