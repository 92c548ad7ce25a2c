"""Ignores every signal it may, then loops.

attack: hang
when: load
static: refused
behind: denied, killed, hung
"""

import signal

OBS = "state"
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    pass


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
