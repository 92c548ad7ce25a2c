"""Stands beside the opponent at the reach of a punch, an arm's offset above or below him, and punches again and again.

A hit throws him past its own head to the other arm: after a hit it keeps its height for a while, closes in and times the next punch.
Thrown by a hit itself, it backs off for a moment. It does not dodge.
"""
from fastheur.policy import Param
OBS = "ram"
MY_X = 32
HIS_X = 33
MY_Y = 34
HIS_Y = 35
STATE = [("phase", "i8"), ("dx", "i8"), ("dy", "i8"), ("mx", "i8"), ("my", "i8"), ("sy", "i8"), ("since", "i8"), ("hurt", "i8")]
PARAMS = {"reach": Param(22.3, 10.0, 40.0), "dy": Param(13.0, -30.0, 30.0), "hold": Param(9.0, 1.0, 30.0),
          "period": Param(15.0, 2.0, 40.0), "wait": Param(19.45, 0.0, 60.0), "far": Param(30.33, 20.0, 60.0),
          "delay": Param(5.72, 0.0, 14.0), "flee": Param(19.26, 0.0, 40.0)}


def act(obs, info, state, params):
    state.dx = int(obs[HIS_X]) - int(obs[MY_X])
    state.dy = int(obs[HIS_Y]) - int(obs[MY_Y])
    state.mx = int(obs[MY_X]); state.my = int(obs[MY_Y])
    state.since += 1
    if state.hurt > 0:
        state.hurt -= 1
    if info.reward > 0:
        state.since = 0
        state.hurt = 0
        state.sy = -1 if state.dy >= 0 else 1
        state.phase = int(params.period - params.delay)
    if info.reward < 0:
        state.hurt = int(params.flee)
        state.since = 100
    side = 1 if state.dx >= 0 else -1
    near = abs(state.dx) < params.far
    gx = abs(state.dx) - params.reach
    after_hit = state.since < params.wait and info.elapsed > 100
    if not after_hit and (abs(state.dy) > 6 or state.sy == 0):
        state.sy = 1 if state.dy >= 0 else -1
    gy = state.dy - state.sy * params.dy
    mx = 0
    my = 0
    if gx > 2:
        mx = side
    elif gx < -2:
        mx = -side
    if gy > 2:
        my = 1
    elif gy < -2:
        my = -1
    if after_hit:
        my = 0
    if state.hurt > 0:
        mx = -side
    state.phase += 1
    if state.phase >= params.period:
        state.phase = 0
    if not near:
        state.phase = -1
    fire = near and state.phase < params.hold
    if my == 0:
        a = 3 if mx > 0 else (4 if mx < 0 else 0)
    elif my < 0:
        a = 6 if mx > 0 else (7 if mx < 0 else 2)
    else:
        a = 8 if mx > 0 else (9 if mx < 0 else 5)
    if fire:
        a = 1 if a == 0 else a + 8
    return a
