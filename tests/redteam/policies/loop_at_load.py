"""Never finishes loading.

attack: hang
when: load
static: passes
behind: hung
"""

OBS = "state"
while True:
    pass


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
