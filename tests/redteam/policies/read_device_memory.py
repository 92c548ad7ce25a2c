"""Reads the machine's memory, its kernel messages and its disks.

attack: proc
when: load
static: refused
behind: denied, killed
"""

import os

OBS = "state"
PLACES = ("/dev/mem", "/dev/kmem", "/dev/port", "/proc/kcore", "/dev/kmsg", "/proc/kallsyms", "/dev/sda", "/dev/vda")
for place in PLACES:
    try:
        file = os.open(place, os.O_RDONLY)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {place} is open as {file}")
raise PermissionError("no device can be opened")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
