"""Double Dunk: with the ball run to the basket, jump and let go; without it run to the ball and jump."""
from fastheur.policy import Param, uniform
OBS = "ram"
STATE = [("hold", "i8"), ("wait", "i8"), ("bx", "i8"), ("by", "i8"), ("ours", "i8"), ("n", "i8")]
PARAMS = {"shoot_y": Param(70.0, 20.0, 120.0), "width": Param(20.0, 4.0, 60.0), "air": Param(14.0, 2.0, 40.0),
          "basket_x": Param(66.0, 50.0, 80.0)}
POSSESSION = 0
BALL_X = 47
BALL_Y = 46


def button(h, v, fire):
    if fire == 0:
        if h == 0 and v == 0:
            return 0
        if h == 0:
            return 2 if v < 0 else 5
        if v == 0:
            return 3 if h > 0 else 4
        if v < 0:
            return 6 if h > 0 else 7
        return 8 if h > 0 else 9
    if h == 0 and v == 0:
        return 1
    if h == 0:
        return 10 if v < 0 else 13
    if v == 0:
        return 11 if h > 0 else 12
    if v < 0:
        return 14 if h > 0 else 15
    return 16 if h > 0 else 17


def act(obs, info, state, params):
    bx = int(obs[BALL_X])
    by = int(obs[BALL_Y])
    state.bx = bx
    state.by = by
    state.n += 1
    ours = int(obs[POSSESSION]) >= 128
    state.ours = 1 if ours else 0
    if state.hold > 0:
        state.hold -= 1
        if state.hold == 0:
            state.wait = 24
        return 1
    if state.wait > 0:
        state.wait -= 1
    h = 0
    v = 0
    if ours:
        dx = params.basket_x - bx
        if dx > 2:
            h = 1
        elif dx < -2:
            h = -1
        if by < params.shoot_y:
            v = -1
        fire = 0
        if by >= params.shoot_y and abs(dx) < params.width and state.wait == 0:
            state.hold = int(params.air)
            fire = 1
        if state.wait == 0 and by < 20 and state.n % 16 < 2:
            fire = 1
        return button(h, v, fire)
    # defence: run to the ball
    k = 0
    best = 9999
    for i in range(4):
        d = abs(int(obs[37 + i]) + 5 - bx) + abs(int(obs[33 + i]) - by)
        if d < best:
            best = d
            k = i
    return button(0, 0, 1 if state.n % 16 < 8 else 0)
