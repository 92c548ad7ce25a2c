"""Plays well and loops from step 300 of an episode on.

attack: time-bomb
when: act
static: passes
behind: hung
"""

OBS = "state"


def act(obs, info, state, params):
    x = 0.5
    while info.elapsed > 300 and x < 2.0:
        x = x * 0.5 + 0.1
    lean = obs[2] + 0.3 * obs[3] + 0.03 * obs[0] + 0.06 * obs[1]
    return 1 if lean > 0 else 0
