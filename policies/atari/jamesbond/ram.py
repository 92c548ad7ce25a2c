"""Jumps over the craters, shoots to the upper right all the time, moves aside from falling bombs."""
from fastheur.policy import Param
OBS = "ram"
CAR_X = 27
CAR_Y = 25       # 69 on the road, 43 at the top of a jump
PIT = 43         # left edge of the crater
BOMB_X = 39      # 14 more than the car's x when it hits
BOMB_Y = 30      # 128: none
STATE = [("pit", "i8"), ("b", "i8"), ("cx", "i8"), ("cy", "i8"), ("by", "i8"), ("dodge", "i8")]
PARAMS = {"near": Param(13.0, 0.0, 60.0), "back": Param(4.0, -40.0, 20.0), "width": Param(9.0, 0.0, 30.0), "rest": Param(30.0, 0.0, 70.0)}


def act(obs, info, state, params):
    state.pit = int(obs[PIT])
    state.cx = int(obs[CAR_X])
    state.cy = int(obs[CAR_Y])
    state.b = int(obs[BOMB_X]) - 14
    state.by = int(obs[BOMB_Y])
    d = state.pit - state.cx
    jump = d < params.near and d > params.back
    side = 0
    state.dodge = 0
    if state.by < 128 and abs(state.b - state.cx) < params.width:
        state.dodge = 1
        side = 1 if state.b < state.cx else -1
        if side < 0 and state.cx < 14:
            side = 1
    elif not (state.by < 128 and abs(state.b - params.rest) < params.width):
        if state.cx < params.rest - 2:
            side = 1
        elif state.cx > params.rest + 2:
            side = -1
    fire = info.elapsed % 8 < 4
    a = 0
    if jump:
        a = 6 if side > 0 else (7 if side < 0 else 2)
    else:
        a = 3 if side > 0 else (4 if side < 0 else 0)
    if fire:
        a = 1 if a == 0 else a + 8
    return a
