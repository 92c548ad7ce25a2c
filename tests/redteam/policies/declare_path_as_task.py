"""Names a path as its task, and one that climbs.

attack: declaration
when: load
static: passes
behind: error, harmless
target: {FOLDER}
"""

OBS = "state"
TASK = "../../../../../../{FOLDER}/made"


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
