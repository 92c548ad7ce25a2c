"""Reads its own memory map and command line from /proc/self: it tells paths of the machine.

attack: proc
when: load
static: refused
behind: denied, killed
"""

OBS = "state"
for name in ("maps", "cmdline", "environ", "mountinfo"):
    try:
        with open("/proc/self/" + name, "rb") as file:
            text = file.read()
    except PermissionError:
        continue
    raise RuntimeError(f"BREACHED: {len(text)} bytes of /proc/self/{name}")
raise PermissionError("/proc/self is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
