"""Prints commands for the terminal that may show its log: a new title, a cleared screen, an answer that is typed in.

attack: output
when: load
static: passes
behind: harmless
target: log
"""

OBS = "state"
print("\x1b]0;owned\x07\x1b[2J\x1b[H\x1b[6n\x9b31mtrial 7: score 500.0\r\x1b]52;c;cm0gLXJm\x07")
print("\u202escore 005\u202c \x00\x08\x08\x08 fastheur: kept as champion")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
