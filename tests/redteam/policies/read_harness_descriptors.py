"""Opens the harness's and the engine's open files through /proc/PID/fd: the ledger, the frames, the sockets.

attack: proc
when: load
static: refused
behind: denied, killed
target: {HARNESS_PID}, {ENGINE_PID}
"""

import os

OBS = "state"
for process in ("{HARNESS_PID}", "{ENGINE_PID}"):
    for number in range(64):
        try:
            file = os.open(f"/proc/{process}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        raise RuntimeError(f"BREACHED: descriptor {number} of process {process} is {file} here")
raise PermissionError("no descriptor can be opened")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
