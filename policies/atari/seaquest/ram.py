"""Shoots the fish of the nearest lane from a distance, fetches divers, surfaces for air when it has a diver.

Every move is the best of nine rolled out some frames against lanes that move on at their measured speed.
"""
import numpy as np
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/seaquest"
STATE = [("t", "i8"), ("ex", "f8", (4,)), ("ev", "f8", (4,)), ("dx", "f8", (4,)), ("dv", "f8", (4,)), ("gx", "f8"), ("gy", "f8"),
         ("mode", "i8"), ("risk", "f8"), ("up", "i8")]
PARAMS = {"air": Param(18.0, 8.0, 30.0), "keep": Param(40.0, 20.0, 60.0)}
X, Y, FACING, TORPEDO, AIR, DIVERS = 70, 97, 86, 103, 102, 62
ENEMY_X, ENEMY_MASK, DIVER_X = 30, 36, 71
LANE = np.array([102.0, 78.0, 54.0, 30.0])
MX = np.array([0, 0, 1, -1, 0, 1, -1, 1, -1])
MY = np.array([0, -1, 0, 0, 1, -1, -1, 1, 1])
MOVE = np.array([0, 2, 3, 4, 5, 6, 7, 8, 9])
FIRE = np.array([1, 10, 11, 12, 13, 14, 15, 16, 17])

def act(obs, info, state, params):
    state.t += 1
    x = float(obs[X]) + 6.0
    y = float(obs[Y])
    air = int(obs[AIR])
    divers = int(obs[DIVERS])
    for i in range(4):
        e = float(obs[ENEMY_X + i])
        d = e - state.ex[i]
        if abs(d) > 6:
            state.ev[i] = 0.0
        else:
            state.ev[i] += 0.1 * (d - state.ev[i])
        state.ex[i] = e
        e = float(obs[DIVER_X + i])
        d = e - state.dx[i]
        if abs(d) > 6:
            state.dv[i] = 0.0
        else:
            state.dv[i] += 0.2 * (d - state.dv[i])
        state.dx[i] = e
    # aim
    fire = False
    turn = 0
    side = 0
    gx = 80.0
    gy = 42.0
    best = 1e9
    state.mode = 0
    for i in range(4):
        mask = int(obs[ENEMY_MASK + i])
        near = 999.0
        for j in range(3):
            if mask & (4 >> j):
                c = (int(obs[ENEMY_X + i]) + 16 * j) & 255
                if c > 165:
                    c -= 256
                if c < -6:
                    continue
                ex = c + 4.0
                d = ex - x
                if abs(d) < abs(near):
                    near = d
        if near != 999.0:
            cost = abs(y - LANE[i]) + 0.3 * abs(abs(near) - params.keep)
            if abs(near) < 20:
                cost += 60
            if cost < best:
                best = cost
                gy = LANE[i]
                gx = x + near - (params.keep if near > 0 else -params.keep)
                gx = min(max(gx, 48.0), 112.0)
                state.mode = 1
            if abs(y - LANE[i]) < 6:
                right = int(obs[FACING]) == 0
                if (near > 0) == right:
                    if int(obs[TORPEDO]) == 0:
                        fire = True
                        side = 1 if near > 0 else -1
                elif abs(near) > 15:
                    turn = 2 if near > 0 else 3
        c = float(obs[DIVER_X + i])
        if c > 2 and c < 150 and abs(state.dv[i]) < 0.75 and divers < 6:
            d = abs(c + 4 - x)
            clear = abs(near) > 26 or (near > 0) != (c + 4 > x)
            if clear:
                cost = abs(y - LANE[i]) + 0.5 * d - 60
                if cost < best:
                    best = cost
                    gy = LANE[i]
                    gx = c + 4 + 10 * state.dv[i]
                    state.mode = 2
    if y < 18 and air < 60:
        state.up = 1
    elif air >= 60 or y > 18:
        if state.up == 1 and y <= 18 and air >= 60:
            state.up = 0
    if air < params.air or divers >= 6:
        if divers > 0 or air < 6:
            state.up = 1
    if y > 18 and air > 55 and divers < 6:
        state.up = 0
    if state.up == 1:
        gy = 13.0
        gx = x
        state.mode = 3
    state.gx = gx
    state.gy = gy
    best = 1e9
    pick = 0
    for m in range(9):
        risk = 0.0
        for i in range(4):
            mask = int(obs[ENEMY_MASK + i])
            for j in range(4):
                if j < 3:
                    if not mask & (4 >> j):
                        continue
                    c = (int(obs[ENEMY_X + i]) + 16 * j) & 255
                    v = state.ev[i]
                else:
                    c = int(obs[DIVER_X + i])
                    v = state.dv[i]
                    if abs(v) < 0.75 or c == 0:
                        continue
                if c > 170:
                    c -= 256
                for s in range(1, 10):
                    t = 4.0 * s
                    qx = min(max(x + MX[m] * t, 20.0), 140.0)
                    qy = min(max(y + MY[m] * t, 13.0), 108.0)
                    ddx = abs(c + 4 + v * t - qx)
                    ddy = abs(LANE[i] - qy)
                    if ddy < 13.5 and ddx < 16 and qy > 15:
                        risk += 30.0 / s
                    elif ddy < 13.5 and ddx < 21 and qy > 15:
                        risk += 3.0 / s
        qx = x + MX[m] * 2
        qy = max(y + MY[m] * 2, 13.0)
        cost = risk * 10 + abs(qx - gx) * 0.7 + abs(qy - gy)
        if cost < best:
            best = cost
            pick = m
            state.risk = risk
    if turn > 0 and state.up == 0:
        pick = turn
    if fire and MX[pick] * side < 0:
        pick = 0  # a step away would turn the bow from the fish before the shot is out
    return FIRE[pick] if fire and state.t % 2 == 0 else MOVE[pick]
