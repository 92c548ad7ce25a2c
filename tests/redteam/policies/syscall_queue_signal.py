"""Queues a signal to the harness with a value, and has a timer send one later.

attack: signal
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
SIGNAL = (CTYPES.c_int * 32)(23, 0, -1)
EVENT = (CTYPES.c_int * 16)(0, 0, 23)
for name, arguments in (
    ("rt_sigqueueinfo", (int("{HARNESS_PID}"), 23, SIGNAL)),
    ("timer_create", (1, EVENT, CTYPES.byref(CTYPES.c_int()))),
):
    try:
        call(name, *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {name} was done")
raise PermissionError("no signal can be queued")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
