"""Types into the terminal that started the harness.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
for file in range(3):
    try:
        call("ioctl", file, 0x5412, b" ")
    except OSError:
        continue
    raise RuntimeError("BREACHED: typed into the terminal")
raise PermissionError("no terminal")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
