"""Takes `open` out of the dictionary of built-in names.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}/secret.txt
"""

OBS = "state"
names = __builtins__ if isinstance(__builtins__, dict) else vars(__builtins__)
with names["op" + "en"]("{FOLDER}/secret.txt") as file:
    raise RuntimeError("BREACHED: the secret is " + file.read(8))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
