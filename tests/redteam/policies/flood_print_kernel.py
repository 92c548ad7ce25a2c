"""Prints from compiled code at every step.

attack: output
when: act
static: passes
behind: harmless, killed, hung, error
target: log
"""

OBS = "state"


def act(obs, info, state, params):
    for number in range(1_000_000):
        print(number, 1.5, "all is well")
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
