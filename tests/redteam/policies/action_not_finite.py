"""Fills its action with what is no number.

attack: action
when: act
static: passes
behind: error
task: mujoco/half_cheetah
"""

import math

OBS = "state"


def act(obs, info, state, params, action):
    action[0] = math.inf
    action[1] = math.nan
