"""Reads the harness's limits, as it could lower them.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
LIMITS = (CTYPES.c_uint64 * 2)()
call("prlimit64", int("{HARNESS_PID}"), 7, 0, LIMITS)
raise RuntimeError(f"BREACHED: the harness may open {LIMITS[0]} files")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
