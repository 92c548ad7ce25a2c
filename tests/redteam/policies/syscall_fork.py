"""Forks by the bare system calls: fork, clone, clone with the flags of vfork.

attack: process
when: load
static: refused
behind: denied, killed
uses: libc
target: processes
"""

OBS = "state"
for name, flags in (("fork", ()), ("clone", (17, 0, 0, 0, 0)), ("clone", (0x4000 | 17, 0, 0, 0, 0))):
    try:
        child = call(name, *flags)
    except OSError:
        continue
    if child == 0:
        OS._exit(0)
    raise RuntimeError(f"BREACHED: {name} made process {child}")
raise PermissionError("no process can be made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
