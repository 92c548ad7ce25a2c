"""Sends the engine's process a signal that it does not notice.

attack: signal
when: load
static: refused
behind: denied, killed
uses: libc
target: {ENGINE_PID}
"""

OBS = "state"
call("kill", int("{ENGINE_PID}"), 23)
raise RuntimeError("BREACHED: kill reached the engine")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
