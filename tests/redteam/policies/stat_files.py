"""Learns by stat() which files exist and how large they are: Landlock does not cover it, see docs/security.md.

attack: file-read
when: load
static: refused
behind: denied, killed, harmless
target: {FOLDER}/ledger.db
"""

import os

OBS = "state"
SIZE = os.stat("{FOLDER}/ledger.db").st_size


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
