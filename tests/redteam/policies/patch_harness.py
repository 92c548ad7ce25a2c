"""Replaces the harness's checks, in whatever process it finds them.

attack: patching
when: load
static: refused
behind: error, killed, harmless
target: next trial
"""

import sys

OBS = "state"
for name, parts in (
    ("fastheur.host", ("Candidate",)),
    ("fastheur.loading", ("check",)),
    ("fastheur.score", ("score",)),
):
    for part in parts:
        if name in sys.modules:
            setattr(sys.modules[name], part, lambda *given, **named: None)
if "fastheur.ledger" in sys.modules or "fastheur.engine" in sys.modules:
    raise RuntimeError("BREACHED: the harness itself is in this process")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
