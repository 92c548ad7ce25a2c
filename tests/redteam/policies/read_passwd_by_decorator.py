"""Calls `open` as a decorator: there is no call in the syntax tree.

attack: static-evasion
when: load
static: refused
behind: denied, killed
"""

OBS = "state"


@open
@str
@(lambda function: "/etc/passwd")
def file():
    pass


raise RuntimeError("BREACHED: /etc/passwd starts with " + file.read(8))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
