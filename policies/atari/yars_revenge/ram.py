"""Flies right at the height of the Qotile firing, bites the shield, flies back and lets the cannon shoot; keeps clear of both missiles.

Nine directions are rolled out against the slow homing missile and the flying swirl. The cannon is fired where the
Qotile will be when the ball gets there. It does not use the ion zone.
"""
from fastheur.policy import Param

OBS = "ram"
TASK = "atari/yars_revenge"
STATE = [("tick", "i8"), ("back", "i8"), ("touch", "i8"), ("old_sx", "i8"), ("old_sy", "i8"), ("vx", "f8"), ("vy", "f8"), ("risk", "f8"), ("cannon_y", "f8"), ("old_shield", "i8"), ("way", "i8")]
PARAMS = {"rest": Param(90.0, 20.0, 300.0), "home": Param(95.0, 30.0, 120.0)}
Y = 31
X = 32
SHIELD = 26
SWIRL_Y = 42
SWIRL_X = 43
MISSILE_Y = 46
MISSILE_X = 47
SWIRL_REST = 148
SPRITE = 44
CANNON_X = 25
QOTILE = 223


def action(dx, dy, fire):
    if fire:
        if dx > 0:
            return 14 if dy < 0 else (16 if dy > 0 else 11)
        if dx < 0:
            return 15 if dy < 0 else (17 if dy > 0 else 12)
        return 10 if dy < 0 else (13 if dy > 0 else 1)
    if dx > 0:
        return 6 if dy < 0 else (8 if dy > 0 else 3)
    if dx < 0:
        return 7 if dy < 0 else (9 if dy > 0 else 4)
    return 2 if dy < 0 else (5 if dy > 0 else 0)


def danger(obs, state, x, y, dx, dy, hold):
    mx = float(obs[MISSILE_X])
    my = float(obs[MISSILE_Y])
    sx = float(obs[SWIRL_X])
    sy = float(obs[SWIRL_Y])
    flying = sx < SWIRL_REST
    cx = float(obs[CANNON_X])
    shot = cx > 1
    risk = 0.0
    for t in range(1, 31):
        if t <= hold:
            x += 1.6 * dx
            y += 1.6 * dy
        x = min(max(x, 2.0), 146.0)
        mx += 0.25 if mx < x else -0.25
        my += 0.5 if my < y else -0.5
        ax = abs(mx - x)
        ay = abs(my - 5.0 - y)
        if ax < 9 and ay < 13:
            risk += 1.0
        elif ax < 14 and ay < 18:
            risk += 0.05
        if shot:
            cx += 2.0
            if abs(cx - x) < 12 and abs(state.cannon_y - y) < 14:
                risk += 1.0
        if flying:
            sx += state.vx
            sy += state.vy
            ax = abs(sx - x)
            ay = abs(sy - y)
            if ax < 10 and ay < 15:
                risk += 2.0
            elif ax < 16 and ay < 24:
                risk += 0.2
    return risk


def act(obs, info, state, params):
    state.tick += 1
    x = float(obs[X])
    y = float(obs[Y])
    sx = int(obs[SWIRL_X])
    sy = int(obs[SWIRL_Y])
    if sx < SWIRL_REST and state.old_sx != 0:
        a = sx - state.old_sx
        b = sy - state.old_sy
        if abs(a) < 12 and abs(b) < 12:
            state.vx = 0.6 * state.vx + 0.4 * a
            state.vy = 0.6 * state.vy + 0.4 * b
    else:
        state.vx = -2.5
        state.vy = 0.0
    state.old_sx = sx
    state.old_sy = sy
    calm = obs[SPRITE] == QOTILE
    if x > 134 and info.reward > 0:
        state.touch = 20
    if x > 140:
        state.touch += 1
    if state.touch > 12:
        state.touch = 0
        state.back = int(params.rest)
    if state.back > 0:
        state.back -= 1
    goal_y = float(obs[SHIELD]) + 56.0
    goal_x = params.home if state.back > 0 or not calm else 150.0
    shield = int(obs[SHIELD])
    if shield > state.old_shield:
        state.way = 1
    elif shield < state.old_shield:
        state.way = -1
    state.old_shield = shield
    shot = obs[CANNON_X] > 1
    press = state.tick % 8 < 4
    if not shot:
        state.cannon_y = y
        if state.back > 0:
            later = shield + 0.5 * state.way * 76
            if later > 62:
                later = 124 - later
            if later < 2:
                later = 4 - later
            goal_y = later + 56
            goal_x = params.home
            press = abs(goal_y - y) <= 3 and state.tick % 4 < 2
    else:
        goal_y += 40.0 if goal_y < 90 else -40.0
    low = 1e9
    bx = 0
    by = 0
    for dx in range(-1, 2):
        for dy in range(-1, 2):
            for h in range(2):
                hold = 6 if h == 0 else 24
                r = danger(obs, state, x, y, dx, dy, hold)
                ex = x + 1.6 * dx * 6
                ey = y + 1.6 * dy * 6
                c = 100.0 * r + 0.5 * abs(goal_x - ex) + abs(goal_y - ey)
                if c < low:
                    low = c
                    bx = dx
                    by = dy
                    state.risk = r
    return action(bx, by, press)
