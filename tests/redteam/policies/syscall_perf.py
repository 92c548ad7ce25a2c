"""Counts the processor's events, which tell of other processes.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
EVENT = (CTYPES.c_uint32 * 32)(1, 128)
file = call("perf_event_open", EVENT, 0, -1, -1, 0)
raise RuntimeError(f"BREACHED: a counter is descriptor {file}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
