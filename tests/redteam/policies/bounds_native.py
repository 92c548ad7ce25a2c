"""Writes outside the frame in Pong.

attack: out-of-bounds
when: act
static: passes
behind: error
task: atari/pong
"""

OBS = "native"


def act(obs, info, state, params):
    if int(obs[2, 209, 160 + info.elapsed]) >= 0:
        raise RuntimeError("BREACHED: read outside the frame")
    return 0
