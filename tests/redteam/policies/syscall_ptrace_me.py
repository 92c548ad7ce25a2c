"""Asks to be traced by its parent, which then would stop at every signal of it.

attack: debug
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
call("ptrace", 0, 0, 0, 0)
raise RuntimeError("BREACHED: the parent is a tracer now")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
