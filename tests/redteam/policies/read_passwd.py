"""Reads /etc/passwd while it is loaded.

attack: file-read
when: load
static: refused
behind: denied, killed
"""

OBS = "state"
with open("/etc/passwd") as file:
    raise RuntimeError("BREACHED: /etc/passwd starts with " + file.read(8))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
