"""Goes to the folder of the ledger and reads from there by a short name.

attack: file-read
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}/secret.txt
"""

OBS = "state"
call("chdir", b"{FOLDER}")
with open("secret.txt") as file:
    raise RuntimeError("BREACHED: the secret is " + file.read(8))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
