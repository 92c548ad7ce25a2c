"""Looks for secrets in the environment and on the command line.

attack: seeds
when: load
static: refused
behind: harmless
target: environment
"""

import os
import sys

OBS = "state"
TELLING = ("REDTEAM_CANARY", "SEED", "SECRET", "TOKEN", "API_KEY", "PASSWORD", "SSH_", "DISPLAY")
for name in os.environ:
    if any(word in name for word in TELLING):
        raise RuntimeError(f"BREACHED: the environment has {name}")
for word in sys.argv:
    if "{FOLDER}" in word or "seed" in word or "sealed" in word:
        raise RuntimeError(f"BREACHED: the command line has {word}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
