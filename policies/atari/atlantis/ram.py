"""Aims the three cannons of Atlantis at the ships in the four lanes.

A shot of the middle cannon climbs 3 a step at a fixed x, one of a side cannon 2 up and 3 to the side. A ship crosses the screen in one
lane, then comes back one lane lower at the same speed, so its crossing with each cannon's line is computed for its own lane
and the lanes below; a cannon fires when its shot would meet a ship that no flying shot is going to meet.
A cannon whose presses give no shot is left out for a while (it may be destroyed). It never fires blindly.
"""
from fastheur.policy import Param
OBS = "ram"
LANE_X = 36      # bytes 36..39: x of the ship in the lowest .. highest lane, 0 = none
SHOT_HEIGHT = 58  # bytes 58, 59: height of a flying shot, 0 = none
SHOT_X = 60       # bytes 60, 61
STATE = [("old", "i8", (4,)), ("speed", "f8", (4,)), ("shot_old", "i8", (2,)), ("side", "i8", (2,)), ("pressed", "i8"),
         ("gun", "i8"), ("shots", "i8"), ("fails", "i8", (3,)), ("rest", "i8", (3,)), ("hit_off", "i8"), ("hit_h", "i8"),
         ("l3", "i8"), ("l2", "i8"), ("l0", "i8"), ("h0", "i8"), ("h1", "i8")]
PARAMS = {"top": Param(174.0, 160.0, 190.0), "gap": Param(21.0, 15.0, 25.0), "middle": Param(6.0, -4.0, 16.0),
          "slack": Param(5.0, 1.0, 16.0)}


def crossing(x, v, lane, target, n):
    """Where the ship of `lane` is in lane `target` after n steps (far outside if it is not there then)."""
    f = x + v * n
    k = lane - target
    if v > 0:
        f -= 144.0 * k
        entered = f - 8.0
    else:
        f += 152.0 * k
        entered = 152.0 - f
    if entered < 0.0 or f > 151.0 or f < 0.0:
        return 999.0
    return f


def act(obs, info, state, params):
    for i in range(4):
        x = int(obs[LANE_X + i])
        d = x - state.old[i]
        if x == 0 or state.old[i] == 0:
            state.speed[i] = 0.0
            if x > 0 and i < 3 and state.old[i + 1] != 0 and obs[LANE_X + i + 1] == 0:
                state.speed[i] = state.speed[i + 1]
        elif abs(d) < 16 and d != 0:
            state.speed[i] = d
    if info.reward > 0:
        best_d = 99
        for s in range(2):
            for i in range(4):
                lh = params.top - params.gap * (3 - i)
                if state.old[i] > 0 and obs[SHOT_HEIGHT + s] > 0 and abs(int(obs[SHOT_HEIGHT + s]) - lh) < best_d:
                    best_d = abs(int(obs[SHOT_HEIGHT + s]) - lh)
                    state.hit_off = int(obs[SHOT_X + s]) - state.old[i]
                    state.hit_h = int(obs[SHOT_HEIGHT + s])
    for i in range(4):
        state.old[i] = int(obs[LANE_X + i])
    state.l3 = int(obs[39]); state.l2 = int(obs[38]); state.l0 = int(obs[36]); state.h0 = int(obs[58]); state.h1 = int(obs[59])
    shots = 0
    for s in range(2):
        h = int(obs[SHOT_HEIGHT + s])
        x = int(obs[SHOT_X + s])
        if h > 0:
            shots += 1
        d = x - state.shot_old[s]
        if h == 0 or d == 0:
            state.side[s] = 0
        elif abs(d) < 8:
            state.side[s] = 1 if d > 0 else -1
        elif x < 20:
            state.side[s] = 1
        elif x > 140:
            state.side[s] = -1
        state.shot_old[s] = x
    for g in range(3):
        if state.rest[g] > 0:
            state.rest[g] -= 1
    # a press lasts two steps (the game may swallow one), then the button is let go
    if state.pressed > 0:
        if shots > state.shots:
            state.fails[state.gun] = 0
            state.pressed = 0
            state.shots = shots
            return 0
        state.pressed += 1
        if state.pressed == 3:
            state.fails[state.gun] += 1
            if state.fails[state.gun] >= 3:
                state.rest[state.gun] = 400
                state.fails[state.gun] = 2
            state.pressed = 0
            return 0
        return state.gun + 1
    state.shots = shots
    if shots == 2:
        return 0
    best = -1
    best_n = 1000.0
    for i in range(4):
        x = state.old[i]
        v = state.speed[i]
        if x == 0 or v == 0.0:
            continue
        taken = False
        for s in range(2):
            h = int(obs[SHOT_HEIGHT + s])
            if h == 0:
                continue
            for j in range(i + 1):
                lane_h = params.top - params.gap * (3 - j)
                n = (lane_h - h) / (3.0 if state.side[s] == 0 else 2.0)
                if n < -1:
                    continue
                f = crossing(x, v, i, j, n)
                if f < 900.0 and abs(f + params.middle - (state.shot_old[s] + 3.0 * state.side[s] * n)) <= 10.0:
                    taken = True
        if taken:
            continue
        for j in range(i + 1):
            lane_h = params.top - params.gap * (3 - j)
            for g in range(3):     # 0 middle, 1 right, 2 left
                if state.rest[g] > 0:
                    continue
                if g == 0:
                    n = (lane_h - 88.0) / 3.0
                    sx = 75.0
                elif g == 1:
                    n = (lane_h - 94.0) / 2.0
                    sx = 151.0 - 3.0 * n
                else:
                    n = (lane_h - 84.0) / 2.0
                    sx = 8.0 + 3.0 * n
                f = crossing(x, v, i, j, n + 1.3)
                if f < 900.0 and abs(f + params.middle - sx) <= params.slack + 0.3 * abs(v) and n + 20 * j < best_n:
                    best = g
                    best_n = n + 20 * j
    if best >= 0:
        state.pressed = 1
        state.gun = best
        return best + 1
    return 0
