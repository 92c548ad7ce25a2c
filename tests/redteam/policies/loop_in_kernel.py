"""Loops for ever in compiled code without the interpreter's lock.

attack: hang
when: act
static: passes
behind: hung
"""

OBS = "state"


def act(obs, info, state, params):
    x = float(obs[0])
    while x < 2.0:
        x = x * 0.5 + 0.1
    return 1
