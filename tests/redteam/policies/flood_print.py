"""Prints 256 MB from Python.

attack: output
when: load
static: passes
behind: harmless, killed, hung, error
target: log
"""

OBS = "state"
LINE = "all is well " * 5000
for _ in range(4500):
    print(LINE)


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
