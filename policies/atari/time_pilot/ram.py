"""Turns the plane (eight headings) to line up with an enemy plane without running into any, and fires all the time.

The game moves things once in eight steps. For each heading it could turn to, the enemies are moved on for some of these
cycles; headings that come close to an enemy are charged, and the rest of the choice is the angle to the enemy easiest to aim at.
It does not see enemy bullets.
"""
import math
from fastheur.policy import Param
OBS = "ram"
HEADING = 35     # 0 up, 2 right, 4 down, 6 left
ENEMY_X = 37
ENEMY_Y = 41     # grows upwards; x and y 0: no enemy
STATE = [("x", "i8", (4,)), ("y", "i8", (4,)), ("vx", "f8", (4,)), ("vy", "f8", (4,)), ("age", "i8", (4,)),
         ("ex", "i8"), ("ey", "i8"), ("heading", "i8"), ("want", "i8")]
PARAMS = {"cx": Param(78.0, 60.0, 95.0), "cy": Param(65.0, 50.0, 85.0), "speed": Param(4.0, 0.0, 8.0), "radius": Param(16.0, 6.0, 40.0),
          "far": Param(0.5, 0.0, 5.0), "cycles": Param(7, 3, 12)}


def sx(h):
    return math.sin(h * math.pi / 4.0)


def sy(h):
    return math.cos(h * math.pi / 4.0)


def act(obs, info, state, params):
    heading = int(obs[HEADING]) % 8
    state.heading = heading
    near = 1e9
    for i in range(4):
        x = int(obs[ENEMY_X + i])
        y = int(obs[ENEMY_Y + i])
        if x == 0 and y == 0:
            state.age[i] = 0
        else:
            if state.age[i] == 0:
                state.vx[i] = 0.0
                state.vy[i] = 0.0
                state.age[i] = 1
            elif x != state.x[i] or y != state.y[i]:
                dx = x - state.x[i]
                dy = y - state.y[i]
                if abs(dx) <= 16 and abs(dy) <= 16:
                    state.vx[i] = dx + params.speed * sx(heading)
                    state.vy[i] = dy + params.speed * sy(heading)
                    state.age[i] += 1
            d = abs(x - params.cx) + abs(y - params.cy)
            if d < near:
                near = d
                state.ex = x - int(params.cx)
                state.ey = y - int(params.cy)
        state.x[i] = x
        state.y[i] = y
    best = 1e18
    want = heading
    if near < 1e8:
        for k in range(8):
            turn = (k - heading) % 8
            step = 1 if turn <= 4 else -1
            turns = turn if turn <= 4 else 8 - turn
            cost = 0.4 * turns
            aim = 1e9
            for i in range(4):
                if state.age[i] == 0:
                    continue
                rx = state.x[i] - params.cx
                ry = state.y[i] - params.cy
                h = heading
                closest = 1e9
                for t in range(int(params.cycles)):
                    if t < turns:
                        h += step
                    rx += state.vx[i] - params.speed * sx(h)
                    ry += state.vy[i] - params.speed * sy(h)
                    d = math.sqrt(rx * rx + ry * ry) + 0.7 * t
                    if d < closest:
                        closest = d
                    if t == turns:
                        along = rx * sx(k) + ry * sy(k)
                        across = abs(rx * sy(k) - ry * sx(k))
                        if along > 6.0:
                            a = across / (along + 10.0) * 10.0 + params.far * along / 10.0
                            if a < aim:
                                aim = a
                if closest < params.radius:
                    cost += (params.radius - closest) * 3.0
            if aim > 30.0:
                aim = 30.0
            cost += aim
            if cost < best:
                best = cost
                want = k
    state.want = want
    a = 0
    turn = (want - heading) % 8
    press = -1
    if turn > 0:
        if turn <= 4:
            press = (heading + 2 - heading % 2) % 8
        else:
            press = (heading - 2 + heading % 2) % 8
    if press == 0:
        a = 2
    elif press == 2:
        a = 3
    elif press == 4:
        a = 5
    elif press == 6:
        a = 4
    if info.elapsed % 16 < 8:
        a = 1 if a == 0 else a + 4
    return a
