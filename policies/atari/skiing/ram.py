"""Steers at the middle of the next gate: the heading wanted grows with the slope from the skier to it."""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/skiing"
STATE = [("target", "f8"), ("ahead", "f8"), ("want", "i8")]
PARAMS = {"gain": Param(7.0, 2.0, 20.0), "line": Param(138.0, 120.0, 160.0), "offset": Param(15.5, 8.0, 24.0)}
def act(obs, info, state, params):
    x = int(obs[25])
    heading = int(obs[15]) & 15
    bestY = -1
    gx = 0
    for k in range(8):
        if int(obs[70 + k]) == 2:
            y = int(obs[86 + k])
            if y < params.line and y > bestY and y > 0:
                bestY = y
                gx = int(obs[62 + k])
    if bestY < 0:
        want = 8
    else:
        state.target = gx + params.offset
        state.ahead = params.line - bestY
        s = (state.target - x) / max(state.ahead - 4.0, 6.0)
        want = int(8.0 + min(max(params.gain * s, -6.0), 6.0) + 0.5)
        if abs(state.target - x) < 4:
            want = 8
    state.want = want
    if heading < want:
        return 1
    if heading > want:
        return 2
    return 0
