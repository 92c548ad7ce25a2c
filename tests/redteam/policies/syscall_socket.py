"""Makes sockets of every family: TCP, UDP, Unix, raw, netlink, packet, virtual machine.

attack: network
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
for family, kind in ((2, 1), (10, 1), (2, 2), (1, 1), (1, 2), (2, 3), (16, 3), (17, 3), (40, 1), (38, 5)):
    try:
        file = call("socket", family, kind, 0)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: a socket of family {family} is descriptor {file}")
raise PermissionError("no socket")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
