"""Writes a file beside the ledger.

attack: file-write
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

OBS = "state"
with open("{FOLDER}/left.txt", "w") as file:
    file.write("was here")
raise RuntimeError("BREACHED: wrote {FOLDER}/left.txt")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
