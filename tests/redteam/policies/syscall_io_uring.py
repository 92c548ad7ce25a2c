"""Sets up io_uring, whose operations no seccomp filter sees.

attack: kernel-surface
when: load
static: refused
behind: denied, killed
uses: libc
"""

OBS = "state"
file = call("io_uring_setup", 4, CTYPES.create_string_buffer(120))
raise RuntimeError(f"BREACHED: io_uring is descriptor {file}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
