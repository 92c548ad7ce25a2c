"""Climbs from a generator's frame to the harness's globals: no name in it starts with an underscore.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}/secret.txt
"""

OBS = "state"


def climb():
    frame = maker.gi_frame.f_back
    while frame:
        yield frame.f_builtins
        frame = frame.f_back


maker = climb()
names = next(maker)
with names["open"]("{FOLDER}/secret.txt") as file:
    raise RuntimeError("BREACHED: the secret is " + file.read(8))


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
