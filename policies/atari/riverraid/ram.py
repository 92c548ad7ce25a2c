"""Shoots what is in line, goes round what is near, keeps to the water.

The river comes in six blocks of 32 lines. Each has a code for the bank and one for an island, both from one table of
shapes; the plane keeps between the widest of the next blocks, and passes islands on the nearer side. It takes fuel when
low, else shoots the tanks.
"""
from fastheur.policy import Param, uniform
import numpy as np

OBS = "ram"
TASK = "atari/riverraid"
STATE = [("tx", "f8"), ("why", "i8"), ("lo", "f8"), ("hi", "f8"), ("off", "i8"), ("was", "f8", (6,)), ("speed", "f8", (6,)), ("move", "i8"), ("scroll", "f8")]
PARAMS = {"near": Param(40.0, 20.0, 80.0), "slow": Param(100.0, 0.0, 160.0), "low": Param(190.0, 40.0, 250.0), "lead": Param(0.2, 0.0, 0.5)}
SCROLL = 2
COARSE = 20
FINE = 26
KIND = 32
BANK = 38
ISLAND = 44
PLANE_X = 51
FUEL = 55
def coord(c, f):
    hi = f >> 4
    if hi > 7: hi -= 16
    return 15.0 * c - hi
def width(b):
    if b == 0: return 0.0
    if b < 13: return 32.0
    if b < 48: return 28.0
    if b < 74: return 24.0
    if b < 98: return 20.0
    if b < 117: return 16.0
    if b < 136: return 12.0
    return 8.0
def act(obs, info, state, params):
    fire = (info.elapsed // 2) % 2
    off = int(obs[SCROLL]) % 32
    x = int(obs[PLANE_X]) + 4.5
    fuel = int(obs[FUEL])
    first = 0
    if off < 6: first = 1
    edge = 0.0
    isle = 0.0
    near = 9
    for k in range(first, 5):
        b = int(obs[BANK + k])
        c = int(obs[ISLAND + k])
        e = 16.0 + width(b)
        if c > 79 and c < 97 and b < 13 and b > 0: e = 64.0
        elif c != 0:
            w = width(c)
            if w > isle: isle = w
            if k < near: near = k
        if k < first + 3 and e > edge: edge = e
    lo = edge + 6
    hi = 154 - edge
    if isle > 0 and hi > 94:
        left = x < 80
        if near > first + 1 and fuel < params.low:
            for j in range(6):
                k = 5 - j
                if int(obs[KIND + k]) == 10 and k >= near: left = coord(int(obs[COARSE + k]), int(obs[FINE + k])) < 71
        if left: hi = 80 - isle - 6
        else: lo = 80 + isle + 6
    if off > state.off + 8:
        for k in range(5):
            state.was[k] = state.was[k + 1]
            state.speed[k] = state.speed[k + 1]
        state.was[5] = 0.0
        state.speed[5] = 0.0
    d = (state.off - off) % 32
    if d < 6: state.scroll += 0.15 * (d - state.scroll)
    state.off = off
    slow = False
    pos = np.zeros(6)
    half = np.zeros(6)
    tx = x
    why = 0
    best = 1e9
    for k in range(6):
        kind = int(obs[KIND + k])
        ox = coord(int(obs[COARSE + k]), int(obs[FINE + k])) + 9.0
        if kind == 7: ox += 6.0
        if kind == 8: ox = 80.0
        step = ox - state.was[k]
        state.was[k] = ox
        if abs(step) < 4: state.speed[k] += 0.2 * (step - state.speed[k])
        pos[k] = ox
        if kind < 4 or kind == 9: continue
        dy = 32.0 * k + off - 32.0
        if kind == 10:
            if fuel < params.low:
                s = 0.5 * dy + 2 * abs(ox - x)
                if dy > -14 and dy < 130 and ox > lo - 4 and ox < hi + 4 and (why != 2 or s < best):
                    best = s
                    tx = ox
                    why = 2
                continue
        elif kind != 8:
            if dy < params.near: half[k] = 13.0
            if dy < params.near and kind == 7: half[k] = 17.0
            if dy > -12 and dy < params.slow and ox > lo - 20 and ox < hi + 20: slow = True
        aim = ox + state.speed[k] * dy * params.lead
        if dy > 16 and dy < best and aim > lo - 6 and aim < hi + 6 and why != 2:
            best = dy
            tx = aim
            why = 1
    if why == 0 and isle == 0: tx = 80.0
    if tx < lo: tx = lo
    if tx > hi: tx = hi
    low_cost = 1e18
    move = 0
    for plan in range(9):
        way = (plan + 1) // 2
        if way > 0: way = 4 * way * way
        sign = 1 if plan % 2 == 0 else -1
        cost = 0.0
        mx = x
        gone = 1e9
        for t in range(60):
            if t < way: mx += sign
            if mx < lo and (sign < 0 or plan == 0): cost += 2.0 * (lo - mx)
            if mx > hi and (sign > 0 or plan == 0): cost += 2.0 * (mx - hi)
            d = abs(mx - tx)
            if d < gone: gone = d
            for k in range(3):
                if half[k] > 0:
                    dy = 32.0 * k + off - 32.0 - t * state.scroll
                    if dy < 15 and dy > -15:
                        d = abs(pos[k] + state.speed[k] * t - mx)
                        if d < half[k]: cost += 300.0 / (t + 4)
                        elif d < half[k] + 5: cost += 30.0 / (t + 4)
            if t == 10 or t == 30: cost += 0.5 * abs(mx - tx)
        if cost < low_cost - 1e-6:
            low_cost = cost
            move = 0 if plan == 0 else sign
    state.tx = tx
    state.why = why
    state.lo = lo
    state.hi = hi
    state.move = move
    a = 0
    if move > 0: a = 8 if slow else 3
    elif move < 0: a = 9 if slow else 4
    elif slow: a = 5
    if fire: return a + 8 if a > 0 else 1
    return a
