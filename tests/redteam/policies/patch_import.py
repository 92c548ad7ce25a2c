"""Puts a finder of its own before all others: what the worker imports next is its own.

attack: patching
when: load
static: refused
behind: error, killed, harmless
target: next trial
"""

import sys

OBS = "state"


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("fastheur"):
            raise SystemExit(0)


sys.meta_path.insert(0, Finder())
sys.path_importer_cache.clear()
sys.path.insert(0, "{FOLDER}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
