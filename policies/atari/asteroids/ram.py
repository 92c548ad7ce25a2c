"""Asteroids: a turret in the middle that turns to the direction whose shot hits soonest, those that come at it first.

For each of the 16 directions a shot is flown ahead against asteroids that move on up or down; drift to the side is not
reckoned with. Hyperspace when one is about to touch the ship. No thrust; the saucer is not looked at.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/asteroids"
STATE = [("want", "i8"), ("worth", "f8"), ("threat", "f8"), ("fire", "i8"), ("alive", "i8"), ("dry", "i8")]
PARAMS = {"jump": Param(9.0, 0.0, 30.0), "patience": Param(220.0, 60.0, 2000.0), "alarm": Param(90.0, 20.0, 200.0)}

AST_Y, AST_X, KIND, SHIP, SHIP_X, SHIP_Y, SHOT_Y = 3, 21, 39, 60, 73, 74, 86
FIRE, RIGHT, LEFT, DOWN = 1, 3, 4, 5
# a shot's way in four frames, and how many times four frames it lives
WAY_X = (0.0, -2.5, -6.0, -7.0, -8.0, -6.0, -6.0, -2.5, 0.0, 4.0, 8.0, 8.0, 10.0, 8.0, 8.0, 4.0)
WAY_Y = (-16.0, -12.0, -12.0, -4.0, 0.0, 4.0, 12.0, 12.0, 16.0, 12.0, 12.0, 4.0, 0.0, -4.0, -12.0, -12.0)
LIFE = (4, 5, 5, 9, 7, 9, 5, 5, 4, 5, 5, 9, 7, 9, 5, 5)


def pixel(b):
    lo = b & 15
    hi = b >> 4
    if hi > 7:
        hi -= 16
    return 7.5 * lo - 9.5 - hi if (lo & 1) == 1 else 7.5 * lo + 85.0 - hi


def around(d, size):
    if d > 0.5 * size:
        return d - size
    if d < -0.5 * size:
        return d + size
    return d


def act(obs, info, state, params):
    facing = int(obs[SHIP]) & 15
    sx = pixel(int(obs[SHIP_X]))
    sy = 2.0 * int(obs[SHIP_Y]) + 21.5
    best = -1e9
    want = -1
    late = 0
    soon = 1e9
    state.alive = 0
    for k in range(18):
        y = int(obs[AST_Y + k])
        if k > 6 and k < 9 or k > 15 or 200 < y < 240:
            continue
        if int(obs[AST_X + k]) == 0 and y == 0:
            continue
        state.alive += 1
        y = y - 256 if y > 240 else y
        kind = int(obs[KIND + k])
        big = 0 if kind > 127 else 1 if kind > 31 else 2
        half_w = 3.0 if big == 0 else 4.5 if big == 1 else 8.0
        half_h = 4.0 if big == 0 else 7.0 if big == 1 else 13.5
        vy = -1.0 if k < 9 else 1.0
        middle = (24.0 if big == 0 else 28.0 if big == 1 else 37.0) + (0.0 if k < 9 else 4.5)
        dx = around(pixel(int(obs[AST_X + k])) + (5.0 if big == 2 else -2.0 if big == 0 else 0.0) - sx, 160.0)
        dy = around(2.0 * y + middle - sy, 178.0)
        t = 1e9
        if abs(dx) < half_w + 5.0 + 0.05 * abs(dy):
            if dy * vy < 0 or abs(dy) < half_h + 5.0:
                t = max(abs(dy) - half_h - 5.0, 0.0)
                if t > 0 or abs(dx) < half_w + 6.0:
                    soon = min(soon, t)
        for e in range(6):
            if e > 0 and best > -1e8 and best > -24.0 * e:
                break
            for d in range(16):
                turns = (d - facing) & 15
                turns = min(turns, 16 - turns)
                wait = max(4.0 * turns, 24.0 * e) - 1.0
                for j in range(1, LIFE[d] + 1):
                    for h in range(2):
                        s = j - 0.5 * h
                        ex = dx - WAY_X[d] * s
                        ey = dy + vy * (wait + 4.0 * s) - WAY_Y[d] * s
                        if abs(ex) < half_w + 0.7 and abs(ey) < half_h + 1.0:
                            c = -wait - 2.0 * s
                            if t < params.alarm:
                                c += 1.5 * (params.alarm - t)
                            if c > best:
                                best = c
                                want = d
                                late = e
    state.want = want
    state.worth = best
    state.threat = soon
    state.fire = (state.fire + 1) % 4
    state.dry = 0 if info.reward > 0 else state.dry + 1
    if state.dry > params.patience + 4:
        state.dry = 60
    if soon < params.jump or state.dry > params.patience:
        return DOWN if state.fire < 2 else 0
    if want < 0:
        return 0
    if want == facing:
        return FIRE if state.fire < 2 and late == 0 else 0
    if ((want - facing) & 15) < 8:
        return LEFT
    return RIGHT
