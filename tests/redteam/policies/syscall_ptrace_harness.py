"""Attaches to the harness as a debugger, without stopping it.

attack: debug
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
call("ptrace", 0x4206, int("{HARNESS_PID}"), 0, 0)
raise RuntimeError("BREACHED: attached to the harness")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
