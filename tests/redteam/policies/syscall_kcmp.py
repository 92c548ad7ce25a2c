"""Compares its kernel objects with the harness's.

attack: debug
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
found = call("kcmp", OS.getpid(), int("{HARNESS_PID}"), 1, 0, 0)
raise RuntimeError(f"BREACHED: kcmp says {found}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
