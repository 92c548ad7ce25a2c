"""Watches a folder of the user's for changes.

attack: file-read
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}
"""

OBS = "state"
file = call("inotify_init1", 0)
raise RuntimeError(f"BREACHED: a watch is descriptor {file}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
