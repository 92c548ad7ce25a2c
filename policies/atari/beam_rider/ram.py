"""Beam Rider: go to the beam where a shot meets a saucer soonest, and fire when it will.

Saucers are taken to fly on at their averaged speed; a shot reaches the lower half of the beam only. Each way (beam and
when to start) is rolled out 46 frames against all that comes down; what would touch counts most. No torpedoes. Waiting
at the start of a sector ends when the stick is moved, so it wiggles when nothing is there.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/beam_rider"
STATE = [("goal", "f8"), ("lasty", "f8", (7,)), ("lastx", "f8", (7,)), ("vx", "f8", (7,)), ("vy", "f8", (7,)),
         ("age", "i8", (7,)), ("meet", "f8"), ("now", "i8"), ("danger", "f8")]
PARAMS = {"wide": Param(12.0, 8.0, 18.0), "low": Param(188.0, 150.0, 200.0)}

HEIGHT, PLACE, KIND, PLAYER, SHOT = 25, 33, 42, 41, 32
BEAM, GAP, BOLT, PACE = 94.0, 17.0, 4.4, 2.1


def act(obs, info, state, params):
    me = float(obs[PLAYER])
    quiet = True
    for k in range(7):
        y = float(obs[HEIGHT + k])
        x = float(obs[PLACE + k])
        kind = int(obs[KIND + k])
        state.age[k] = state.age[k] + 1 if y == state.lasty[k] else 0
        if abs(y - state.lasty[k]) < 9.0 and abs(x - state.lastx[k]) < 9.0:
            state.vy[k] += 0.14 * (y - state.lasty[k] - state.vy[k])
            state.vx[k] += 0.14 * (x - state.lastx[k] - state.vx[k])
        else:
            state.vx[k] = 0.0
            state.vy[k] = 0.6
        if kind == 69:
            state.vx[k] = 0.0
            state.vy[k] = max(state.vy[k], 1.75)
        state.lasty[k] = y
        state.lastx[k] = x
        if 0.5 < y < 220.0 and state.age[k] <= 25:
            quiet = False
    if quiet and info.elapsed % 64 < 16:
        return 3 if info.elapsed % 32 < 8 else 4
    shot = float(obs[SHOT])
    reload = max(shot - 108.0, 0.0) / BOLT if shot < 230.0 else 0.0
    best = -1e9
    goal = me
    state.now = 0
    for b in range(6):
        x = BEAM + GAP * b if b < 5 else me
        c = -0.02 * abs(x - me) - 0.004 * abs(x - 128.0)
        start = max(abs(x - me) / PACE, reload)
        meet = 999.0
        now = 0
        for k in range(7):
            y = state.lasty[k]
            if y < 1.0 or y > 220.0 or state.age[k] > 25 or b == 5:
                continue
            p = state.lastx[k]
            kind = int(obs[KIND + k])
            if kind < 7 and k < 6:
                if abs(p - x) < 11.0 and y > 145.0:
                    c -= 1.5
                elif abs(p - x) < 9.0:
                    c += 0.3 + 0.002 * y
                for w in range(12):
                    t0 = start + 5.0 * w
                    # when the bolt and the saucer are at one height
                    t = t0 + (202.0 - y - state.vy[k] * t0) / (BOLT + state.vy[k])
                    if t < t0 or y + state.vy[k] * t < 110.0:
                        continue
                    if abs(p + state.vx[k] * t - x) < 5.5:
                        if t < meet:
                            meet = t
                            now = 1 if w == 0 else 0
                        break
            elif kind > 20 and abs(p - x) < 9.0 and 130.0 < y:
                c -= 1.0
        if meet < 900.0:
            c += 2.0 - 0.015 * meet
        for w in range(4):
            late = 9.0 * w
            if late > 0.0 and abs(x - me) < 4.0:
                break
            danger = 0.0
            for k in range(7):
                y = state.lasty[k]
                if y < 1.0 or y > 220.0 or state.age[k] > 25:
                    continue
                worst = 0.0
                for s in range(23):
                    t = 2.0 * s
                    yt = y + state.vy[k] * t
                    if yt < params.low:
                        continue
                    if yt > 216.0:
                        break
                    run = PACE * max(t - late, 0.0)
                    place = x if run >= abs(x - me) else me + run if x > me else me - run
                    d = abs(state.lastx[k] + state.vx[k] * t - place)
                    if d < params.wide:
                        worst = max(worst, 10.0 - 0.22 * t - 0.2 * d)
                danger += worst
            v = c - danger - 0.03 * late
            if v > best:
                best = v
                goal = x if w == 0 else me
                state.now = now
                state.meet = meet
                state.danger = danger
    state.goal = goal
    fire = info.elapsed % 4 < 2 and abs(goal - me) < 4.0 and (state.now == 1 or state.meet > 900.0)
    if goal > me + 3.0:
        return 7 if fire else 3
    if goal < me - 3.0:
        return 8 if fire else 4
    return 1 if fire else 0
