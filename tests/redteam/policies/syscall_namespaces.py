"""Leaves for a namespace of its own, where it would be root.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
for name, arguments in (("unshare", (0x10000000,)), ("unshare", (0x00020000,)), ("setns", (0, 0))):
    try:
        call(name, *arguments)
    except OSError as error:
        if name == "setns" and error.errno in (9, 22):
            raise RuntimeError("BREACHED: setns was let through to the kernel") from None
        continue
    raise RuntimeError(f"BREACHED: {name} was done")
raise PermissionError("no namespace")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
