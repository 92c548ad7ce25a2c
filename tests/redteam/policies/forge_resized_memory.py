"""Cuts the shared memory short under the harness, which then would read where nothing is.

attack: forged-reply
when: load
static: refused
behind: denied, killed, error, harmless
uses: libc
target: next trial
"""

OBS = "state"
for file in range(3, 64):
    for size in (0, 2**40):
        try:
            call("ftruncate", file, size)
        except OSError:
            continue
        raise RuntimeError(f"BREACHED: descriptor {file} was resized")
raise PermissionError("nothing can be resized")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
