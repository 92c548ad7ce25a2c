"""Computes one power for ever, inside the interpreter: no signal handler of Python runs meanwhile.

attack: hang
when: load
static: passes
behind: hung, error, killed
"""

OBS = "state"
base = 7
HUGE = base ** (base ** (base * 3))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
