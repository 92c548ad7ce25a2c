"""Declares bounds that no number is within, and a default beyond all.

attack: declaration
when: load
static: refused
behind: error, harmless
target: next trial
"""

import math

from fastheur.policy import Param

OBS = "state"
PARAMS = {
    "a": Param(0.5, math.nan, math.nan),
    "b": Param(0.5, -math.inf, math.inf),
    "c": Param(10**400, 0, 10**500),
}


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
