"""Assault: lead the enemy that is soonest under the gun, shoot when it fits and the gun is cool."""
from fastheur.policy import Param, uniform
OBS = "ram"
STATE = [("px", "i8"), ("tx", "i8"), ("row", "i8"), ("flip", "i8")]
PARAMS = {"fit": Param(4.0, 1.0, 12.0), "heat": Param(6.0, 1.0, 8.0), "low": Param(14.0, 4.0, 30.0), "step": Param(6.0, 0.0, 15.0)}
PLAYER = 16        # coarse in the low half (15 pixels), fine in the high half (signed, to the left)
ENEMY = 33         # low, middle, top row
WAY = 48           # 64 right, 128 left
ALIVE = 54
HOT = 29           # bits of the upper half of the heat bar


def place(b):
    fine = b >> 4
    if fine > 7:
        fine -= 16
    return 15 * (b & 15) - fine


def act(obs, info, state, params):
    px = place(int(obs[PLAYER]))
    state.px = px
    best = 9999.0
    tx = 0.0
    for i in range(3):
        if int(obs[ALIVE + i]) != 0:
            t = params.low + params.step * i
            x = place(int(obs[ENEMY + i])) + 4.5
            way = int(obs[WAY + i])
            if way == 64:
                x += t
            elif way == 128:
                x -= t
            if x < 12:
                x = 24.0 - x
            if x > 148:
                x = 296.0 - x
            d = abs(x - px) + 4.0 * i
            if d < best:
                best = d
                tx = x
                state.row = i
    if best > 9000:
        return 0
    state.tx = int(tx)
    state.flip = 1 - state.flip
    hot = int(obs[HOT])
    bars = 0
    for k in range(8):
        if (hot >> k) & 1 == 1:
            bars += 1
    if abs(tx - px) <= params.fit and bars < params.heat and state.flip == 1:
        return 2
    if tx > px + 1:
        return 3
    if tx < px - 1:
        return 4
    return 0
