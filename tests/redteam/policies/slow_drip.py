"""Takes a third of a second for every decision: below a call's deadline, and hours for a trial.

attack: hang
when: act
static: passes
behind: hung
episodes: 8
"""

OBS = "state"


def act(obs, info, state, params):
    x = 0.3 + abs(float(obs[0])) * 0.001
    for _ in range(100_000_000):
        x = 3.7 * x * (1.0 - x)
    lean = obs[2] + 0.3 * obs[3] + 0.03 * obs[0] + 0.06 * obs[1]
    return 1 if lean > 0.0 * x else 0
