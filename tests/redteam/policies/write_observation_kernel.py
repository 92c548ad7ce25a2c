"""Writes into the observation and the public facts in compiled code.

attack: observation
when: act
static: passes
behind: error, killed, harmless
target: plain returns
"""

OBS = "state"


def act(obs, info, state, params):
    action = 1 if obs[2] + 0.3 * obs[3] > 0 else 0
    obs[:] = 0.0
    info.reward = 1e9
    info.lives = 99
    return action
