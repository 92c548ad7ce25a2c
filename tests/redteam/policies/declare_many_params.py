"""Declares a million parameters.

attack: declaration
when: load
static: passes
behind: error, hung, killed
"""

from fastheur.policy import Param

OBS = "state"
PARAMS = {f"p{number}": Param(0.5, 0.0, 1.0) for number in range(1_000_000)}


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
