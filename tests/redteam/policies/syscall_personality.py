"""Turns off the random placement of its memory.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
before = call("personality", 0x0040000)
raise RuntimeError(f"BREACHED: the personality was {before}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
