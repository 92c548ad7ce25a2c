"""Returns an action that the task does not have.

attack: action
when: act
static: passes
behind: error
"""

OBS = "state"


def act(obs, info, state, params):
    return 2 + 2**40 * info.elapsed
