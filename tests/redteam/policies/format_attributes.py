"""Reads private attributes with a format string: only text comes of it, but texts can tell secrets.

attack: static-evasion
when: load
static: refused
behind: harmless
"""

OBS = "state"


def nothing():
    pass


TEXT = "{0.__globals__}".format(nothing)
if "REDTEAM_" + "CANARY" in TEXT:
    raise RuntimeError("BREACHED: a secret of the harness is among the policy's globals")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
