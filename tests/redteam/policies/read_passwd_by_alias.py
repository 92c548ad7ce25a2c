"""Reads /etc/passwd with `open` under another name, which a search for calls of open() does not see.

attack: static-evasion
when: load
static: refused
behind: denied, killed
"""

OBS = "state"
look = open
with look("/etc/passwd") as file:
    raise RuntimeError("BREACHED: /etc/passwd starts with " + file.read(8))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
