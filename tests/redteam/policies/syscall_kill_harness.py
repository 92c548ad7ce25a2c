"""Sends the harness a signal that it does not notice, as it could have sent SIGKILL.

attack: signal
when: load
static: refused
behind: denied, killed
uses: libc
target: {HARNESS_PID}
"""

OBS = "state"
HARNESS = int("{HARNESS_PID}")
for name, arguments in (("kill", (HARNESS, 23)), ("tgkill", (HARNESS, HARNESS, 23)), ("kill", (HARNESS, 0))):
    try:
        call(name, *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {name} reached the harness")
raise PermissionError("the harness cannot be signalled")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
