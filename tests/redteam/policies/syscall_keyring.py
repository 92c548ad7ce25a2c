"""Leaves a key in the kernel's keyring, where others of the user find it.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
for name, arguments in (("add_key", (b"user", b"redteam", b"x", 1, -2)), ("keyctl", (0, -3, 1))):
    try:
        call(name, *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {name} was done")
raise PermissionError("the keyring is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
