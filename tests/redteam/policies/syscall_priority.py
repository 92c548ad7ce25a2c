"""Pushes itself before everyone else: priority, real-time class, a core of its choice.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
MASK = (CTYPES.c_uint64 * 16)(1)
for name, arguments in (
    ("setpriority", (0, 0, -10)),
    ("setpriority", (0, int("{HARNESS_PID}"), 19)),
    ("sched_setscheduler", (0, 1, (CTYPES.c_int * 1)(1))),
    ("sched_setaffinity", (int("{HARNESS_PID}"), 128, MASK)),
):
    try:
        call(name, *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {name} was done")
raise PermissionError("priorities are shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
