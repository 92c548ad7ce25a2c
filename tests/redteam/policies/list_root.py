"""Lists the root folder and the temporary one.

attack: file-read
when: load
static: refused
behind: denied, killed
"""

import os

OBS = "state"
names = []
for folder in ("/", "/tmp", "/dev/shm", "/proc"):
    try:
        names += os.listdir(folder)
    except PermissionError:
        pass
if names:
    raise RuntimeError(f"BREACHED: {len(names)} names of the machine's files")
raise PermissionError("nothing can be listed")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
