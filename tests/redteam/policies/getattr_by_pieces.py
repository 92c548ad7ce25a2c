"""Puts a private name together from pieces.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

OBS = "state"
find = getattr
names = find(find, "__se" + "lf__")
names.__import__("os").mkdir("{FOLDER}/made")
raise RuntimeError("BREACHED: made {FOLDER}/made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
