"""Raises its own limits, and those of the harness.

attack: resources
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
LIMITS = (CTYPES.c_uint64 * 2)(2**62, 2**62)
for process in (0, int("{HARNESS_PID}")):
    for kind in (9, 7, 6, 1, 4):  # address space, files, processes, file size, core
        try:
            call("prlimit64", process, kind, LIMITS, 0)
        except OSError:
            continue
        raise RuntimeError(f"BREACHED: limit {kind} of process {process} was raised")
raise PermissionError("no limit can be raised")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
