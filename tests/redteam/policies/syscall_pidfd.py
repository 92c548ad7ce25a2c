"""Takes hold of the harness by a descriptor of its process.

attack: signal
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
file = call("pidfd_open", int("{HARNESS_PID}"), 0)
raise RuntimeError(f"BREACHED: the harness is descriptor {file}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
