"""Reads and writes the harness's memory across processes.

attack: debug
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
KEPT = CTYPES.create_string_buffer(8)
HERE = (CTYPES.c_size_t * 2)(CTYPES.addressof(KEPT), 8)
THERE = (CTYPES.c_size_t * 2)(id(None), 8)
for name in ("process_vm_readv", "process_vm_writev"):
    try:
        call(name, int("{HARNESS_PID}"), HERE, 1, THERE, 1 if name.endswith("readv") else 0, 0)
    except OSError as error:
        if error.errno == 14:
            raise RuntimeError(f"BREACHED: {name} reached the harness and found no such address") from None
        continue
    raise RuntimeError(f"BREACHED: {name} on the harness")
raise PermissionError("memory of others is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
