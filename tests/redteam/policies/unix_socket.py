"""Makes a Unix socket in a folder of the user's, and one without a path.

attack: network
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

import socket

OBS = "state"
for address in ("\0fastheur-redteam", "{FOLDER}/door"):
    try:
        socket.socket(socket.AF_UNIX).bind(address)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: bound {address!r}")
raise PermissionError("no Unix socket")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
