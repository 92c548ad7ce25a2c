"""Recurses in compiled code until the stack is used up, which Python cannot notice.

attack: recursion
when: act
static: passes
behind: error, killed
"""

OBS = "state"


def fall(depth, x):
    if depth > 1_000_000_000:
        return x
    return fall(depth + 1, x * 0.5 + 1.0) + depth


def act(obs, info, state, params):
    if fall(0, float(obs[0])) > 0.5:
        return 0
    return 1
