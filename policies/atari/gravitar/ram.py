"""Flies by the exact speed bytes. On a planet it goes to a known firing place of the next bunker (a free line of fire for one of
the 16 headings), turns and shoots; on the way it shoots at whatever lies in the line of the bow. Saucers that come near are shot
with lead; the shield goes up against shots about to hit. All bunkers gone: out through the top, next planet. No refuelling.
"""
import math
import numpy as np
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/gravitar"
STATE = [("t", "i8"), ("y", "f8"), ("scene", "i8"), ("age", "i8"), ("planet", "i8"), ("done", "i8", (4,)), ("target", "i8"),
         ("gx", "f8"), ("gy", "f8"), ("mode", "i8"), ("spell", "i8"), ("fails", "i8"), ("left", "i8"), ("m", "f8"),
         ("ex", "f8", (2,)), ("ey", "f8", (2,)), ("evx", "f8", (2,)), ("evy", "f8", (2,)), ("still", "i8", (2,)),
         ("ux", "f8"), ("uy", "f8"), ("uvx", "f8"), ("uvy", "f8"), ("useen", "i8"), ("want", "i8"), ("miss", "f8"), ("kills", "i8"), ("below", "i8")]
PARAMS = {"top": Param(0.6, 0.2, 1.2), "reach": Param(50.0, 0.0, 90.0), "shield": Param(7.0, 0.0, 20.0)}
SHIP_X, SHIP_Y, SHIP_Y2, HEADING, SCENE = 31, 33, 34, 35, 1
KIND, PLACE, HEIGHT = 58, 73, 80   # slot 0 is the saucer, 1 to 6 bunkers and fuel
SHOT_Y, SHOT_X = 104, 108
# planets: purple, pink, blue, green
PLANET_X = np.array([122.0, 138.0, 25.0, 32.0])
PLANET_Y = np.array([18.0, 129.0, 148.0, 39.0])
# firing places: x, y, heading by planet and slot (0: none)
FX = np.array([[0, 133, 78, 52, 0, 36, 0], [0, 56, 117, 20, 0, 18, 0], [0, 92, 84, 56, 0, 118, 0], [0, 120, 14, 16, 60, 0, 0]])
FY = np.array([[0, 51, 51, 52, 0, 75, 0], [0, 31, 43, 55, 0, 71, 0], [0, 50, 19, 19, 0, 62, 0], [0, 31, 83, 57, 142, 0, 0]])
FH = np.array([[0, 6, 8, 9, 0, 9, 0], [0, 8, 9, 8, 0, 7, 0], [0, 4, 8, 7, 0, 8, 0], [0, 8, 4, 6, 3, 0, 0]])
ORDER = np.array([0, 1, 3, 2])
# shot speed per frame by heading
SVX = np.array([0, .5, .5, 1, 1, 1, .5, .5, 0, -.5, -.5, -1, -1, -1, -.5, -.5])
SVY = np.array([-2, -2, -1, -1, 0, 1, 1, 2, 2, 2, 1, 1, 0, -1, -1, -2.0])
SWEEP = np.array([0.0, -2.0, 2.0, -1.0, 1.0, -3.0, 3.0])


def place(b):
    # a coarse and a fine nibble, in the ship's coordinates
    fine = b >> 4
    if fine > 7:
        fine -= 16
    return 15.0 * (b & 15) - fine - 27.0


def signed(lo, hi):
    v = lo + 256 * hi
    if v > 32767:
        v -= 65536
    return v / 256.0


def bunker(kind):
    return kind == 28 or kind == 14 or kind == 42


def wanted(p, i, kind):
    # bunkers with a firing place; fuel that lies open (pink 2 once its bunker is gone, green 0)
    if kind == 56:
        return (p == 1 and i == 2) or (p == 3 and i == 0)
    return bunker(kind) and FX[p, i] > 0


def speed(e, top):
    a = abs(e)
    v = min(top, min(0.05 * a, math.sqrt(0.010 * a)))
    return v if e > 0 else -v


def miss(rx, ry, ux, uy, h):
    # nearest the shot comes to something at rx, ry that moves with ux, uy
    best = 99.0
    for n in range(2, 58, 2):
        dx = rx + ux * n - SVX[h] * (n + 3)
        dy = ry + uy * n - SVY[h] * (n + 3)
        d = math.hypot(dx, 0.8 * dy)
        if d < best:
            best = d
    return best


def act(obs, info, state, params):
    state.t += 1
    x = float(obs[SHIP_X])
    vx = signed(int(obs[42]), int(obs[43]))
    vy = signed(int(obs[39]), int(obs[40]))
    if int(obs[SHIP_Y]) - int(obs[SHIP_Y2]) == 10:
        state.y = float(obs[SHIP_Y2])
    else:
        state.y += vy * 0.83
    y = state.y
    scene = int(obs[SCENE])
    if scene != state.scene:
        state.scene = scene
        state.age = 0
        state.spell = 0
        state.target = -1
        state.useen = 0
        state.below = 0
    state.age += 1
    if info.reward > 900.0:
        state.done[state.planet] = 1
    h = int(obs[HEADING]) & 15
    spell = False
    fire = False
    close = False
    aim = 8
    top = params.top
    free = int(obs[SHOT_Y]) == 255 or int(obs[SHOT_Y + 1]) == 255
    if scene == 2:
        n = 0
        for i in range(4):
            n += state.done[i]
        if n == 4:
            for i in range(4):
                state.done[i] = 0
        for i in range(4):
            p = ORDER[i]
            if state.done[p] == 0:
                break
        state.planet = p
        state.gx = PLANET_X[p]
        state.gy = PLANET_Y[p]
        # round the sun
        if abs(x - 72.0) < 24.0 and y > 30.0 and y < 80.0 and (state.gy < 50.0) and state.gx > 72.0 and x < 80.0:
            state.gx = 110.0
            state.gy = 80.0
        elif abs(x - 72.0) < 30.0 and y > 28.0 and y < 85.0 and state.gx < 60.0:
            state.gx = 40.0
    elif scene == 5:
        state.gx = 72.0
        state.gy = 60.0
    elif scene == 3:
        b = int(obs[HEIGHT + 1])
        p = 0 if b == 81 else (1 if b == 71 else (2 if b == 47 else (3 if b == 63 else state.planet)))
        state.planet = p
        if y < 32.0:
            state.below = 0
        elif y > 46.0:
            state.below = 1
        state.left = 0
        near = 9999.0
        pick = -1
        for i in range(7):
            if wanted(p, i, int(obs[KIND + i])):
                state.left += 1
                d = abs(FX[p, i] - x) + abs(FY[p, i] - y)
                if p == 2 and (i == 1 or i == 5) != (state.below == 1):
                    d += 300.0
                if d < near:
                    near = d
                    pick = i
        k = state.target
        if k < 0 or not wanted(p, k, int(obs[KIND + k])):
            if k != pick:
                state.fails = 0
            state.target = pick
            state.spell = 0
            k = pick
        if state.left == 0:
            state.gx = min(max(x, 10.0), 140.0)
            state.gy = -60.0
            if p == 2 and y > 34.0:
                state.gx = 83.0
                if abs(x - 83.0) > 3.0:
                    state.gy = 50.0
            if p == 3 and y > 75.0:
                state.gx = 10.0
                if x > 16.0:
                    state.gy = 145.0
        else:
            fuel = int(obs[KIND + k]) == 56
            sx = SWEEP[state.fails % 7]
            state.gx = FX[p, k]
            state.gy = FY[p, k]
            if FH[p, k] == 4:
                state.gy += sx
            else:
                state.gx += sx
            if fuel:
                state.gx = place(int(obs[PLACE + k])) + (3.0 if p == 1 else 0.0)
                state.gy = float(obs[HEIGHT + k]) - 13.0
                if abs(x - state.gx) > 5.0:
                    state.gy -= 14.0
                elif float(obs[HEIGHT + k]) - y < 17.0 and abs(vy) < 0.3 and state.t % 24 < 14:
                    close = True
            fx = state.gx
            fy = state.gy
            via = False
            if p == 2:
                if k == 1 or k == 5:
                    if state.below == 0:
                        via = True
                        state.gx = 83.0
                        state.gy = 22.0
                        if abs(x - 83.0) < 2.0 and abs(vx) < 0.08:
                            state.gy = 50.0
                elif state.below == 1:
                    via = True
                    state.gx = 83.0
                    state.gy = 50.0
                    if abs(x - 83.0) < 2.0 and abs(vx) < 0.08:
                        state.gy = 15.0
            elif p == 3 and k >= 2:
                if x > 24.0 and y < 90.0:
                    via = True
                    state.gx = 12.0
                    state.gy = 25.0
                elif k == 4 and y < 132.0:
                    via = True
                    state.gx = 12.0
                    state.gy = 142.0
                elif k != 4 and x > 24.0:
                    via = True
                    state.gx = 12.0
                    state.gy = 142.0
            if state.spell > 0:
                state.spell += 1
                if state.spell > 130 or abs(x - fx) > 5.0 or abs(y - fy) > 14.0 or abs(vy) > 0.35 or abs(vx) > 0.2:
                    state.spell = 0
                    state.fails += 1
            elif not via and not fuel and abs(x - fx) < 2.0 and abs(y - fy) < 6.0 and abs(vx) < 0.06 and abs(vy) < 0.15:
                state.spell = 1
            spell = state.spell > 0
            aim = 0 if fuel else FH[p, k]
            if spell:
                # where the line of fire goes from here
                fire = h == aim
    # the saucer
    state.miss = 99.0
    if int(obs[KIND]) == 0 and (scene == 3 or scene == 5):
        ux = place(int(obs[PLACE]))
        uy = float(obs[HEIGHT])
        if state.useen > 0 and abs(ux - state.ux) < 8.0 and abs(uy - state.uy) < 8.0:
            state.uvx += 0.05 * (ux - state.ux - state.uvx)
            state.uvy += 0.05 * (uy - state.uy - state.uvy)
        else:
            state.uvx = 0.0
            state.uvy = 0.0
        state.useen += 1
        state.ux = ux
        state.uy = uy
        d = math.hypot(ux - x, uy - y)
        if d < params.reach and state.useen > 10 and abs(vy) < 0.35 and abs(vx) < 0.35 and not (scene == 3 and state.planet == 2 and state.below == 1):
            best = 99.0
            w = 0
            for i in range(16):
                turn = abs((i - h + 24) % 16 - 8)
                q = miss(ux - x, uy - y, state.uvx, state.uvy, i) + 0.4 * turn
                if q < best:
                    best = q
                    w = i
            if best < 7.0:
                spell = True
                aim = w
        state.miss = miss(ux - x, uy - y, state.uvx, state.uvy, h)
        if state.miss < 4.5:
            fire = True
        if d < 12.0:
            close = True
    else:
        state.useen = 0
    # shots of the others
    for i in range(2):
        qx = float(obs[SHOT_X + 2 + i]) - 4.0
        qy = float(obs[SHOT_Y + 2 + i]) - 3.5
        mx = qx - state.ex[i]
        my = qy - state.ey[i]
        state.ex[i] = qx
        state.ey[i] = qy
        if mx != 0.0 or my != 0.0:
            state.still[i] = 0
            if abs(mx) + abs(my) < 12.0:
                state.evx[i] = 0.5 * mx
                state.evy[i] = 0.5 * my
            else:
                state.evx[i] = 0.0
                state.evy[i] = 0.0
        else:
            state.still[i] += 1
        if state.still[i] < 3 and int(obs[SHOT_Y + 2 + i]) < 255:
            for n in range(0, 6, 2):
                dx = qx + (state.evx[i] - vx) * n - x
                dy = qy + (state.evy[i] - vy) * n - y
                if abs(dx) < params.shield - 2.0 and abs(dy) < params.shield:
                    close = True
    wx = speed(state.gx - x, top)
    wy = speed(state.gy - y, top)
    if scene == 2:
        d = max(math.hypot(state.gx - x, state.gy - y), 1.0)
        wx = top * (state.gx - x) / d
        wy = top * (state.gy - y) / d
    ax = wx - vx
    ay = wy - vy
    m = math.hypot(ax, ay)
    state.m = m
    if spell:
        want = aim
    else:
        want = int(math.atan2(ax, -ay) / (2 * math.pi) * 16 + 16.5) % 16
        if m < 0.06:
            want = aim
    state.want = want
    if close:
        return 5
    trigger = fire and state.t % 4 < 2
    diff = (want - h + 24) % 16 - 8
    # thrust also a step off while much is missing
    push = not spell and m > 0.06 and (diff == 0 or (m > 0.25 and abs(diff) == 1))
    if push:
        if diff > 0:
            return 14 if trigger else 6
        if diff < 0:
            return 15 if trigger else 7
        return 10 if trigger else 2
    if diff > 0:
        return 11 if trigger else 3
    if diff < 0:
        return 12 if trigger else 4
    return 1 if trigger else 0
