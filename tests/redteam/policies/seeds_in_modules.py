"""Looks for the harness's parts in its own process: the engine, the ledger, the seeds.

attack: seeds
when: load
static: refused
behind: harmless
"""

import sys

OBS = "state"
HARNESS = ("fastheur.engine", "fastheur.ledger", "fastheur.lab", "fastheur.seeds", "envpool", "ale_py", "sqlite3")
for name in HARNESS:
    if name in sys.modules:
        raise RuntimeError(f"BREACHED: {name} is in the policy's process")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
