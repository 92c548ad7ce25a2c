"""Wizard of Wor: knows the two mazes that take turns, hunts the nearest monster, shoots along free lines.

A monster in a free line is faced and shot at, from a few pixels forward of the cell's middle. A distance field from the
monsters' lines (less from their fronts) leads the way. A shot that comes near is left sideways, or along its line to the
next side passage. It does not use the side tunnels, and does not wait in ambush.
"""
import numpy as np

from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/wizard_of_wor"
STATE = [("right", "u1", (11, 6)), ("up", "u1", (11, 6)),
         ("tick", "i8"), ("maze", "i8"), ("was_x", "f8", (6,)), ("was_y", "f8", (6,)), ("speed", "f8", (6,)), ("mode", "i8"), ("bullet_x", "i8"), ("bullet_y", "i8"), ("seen", "i8")]
PARAMS = {"reach": Param(90.0, 20.0, 140.0), "fear": Param(60.0, 20.0, 140.0), "forward": Param(4.0, 0.0, 8.0),
          "front": Param(3.0, 0.0, 10.0)}
ENEMY_Y, ENEMY_X, DIRECTION, BULLET_X, BULLET_Y = 40, 48, 64, 107, 103
MY_X, MY_Y, MY_DIRECTION, DUNGEON = 55, 47, 71, 10
# open passages of the odd and the even dungeons: by row from below, a bit for each column; to the right, and up
RIGHT = ((951, 330, 693, 891, 951, 1023), (975, 951, 771, 717, 510, 891))
UP = ((1787, 1533, 942, 1365, 1241, 0), (1397, 1533, 1022, 683, 1453, 0))


def edge(state, c, r, side):
    """State of the passage: 0 unknown, 1 open, 2 closed. Sides: 0 up, 1 right, 2 left, 3 down."""
    if side == 0:
        return int(state.up[c, r]) if r < 5 else 2
    if side == 1:
        return int(state.right[c, r]) if c < 10 else 2
    if side == 2:
        return int(state.right[c - 1, r]) if c > 0 else 2
    return int(state.up[c, r - 1]) if r > 0 else 2


def act(obs, info, state, params):
    state.tick += 1
    px = int(obs[MY_X])
    py = int(obs[MY_Y])
    alive = 0
    for i in range(6):
        if int(obs[ENEMY_X + i]) > 0 and int(obs[DIRECTION + i]) != 255:
            alive += 1
    if state.maze != int(obs[DUNGEON]):
        state.maze = int(obs[DUNGEON])
        for c in range(11):
            for r in range(6):
                state.right[c, r] = 2 - (RIGHT[(state.maze + 1) % 2][r] >> c) % 2
                state.up[c, r] = 2 - (UP[(state.maze + 1) % 2][r] >> c) % 2
    if px == 0 or py < 8:
        # not in the maze yet: step in
        return 2
    c = min(10, max(0, (px - 19 + 6) // 12))
    r = min(5, max(0, (py - 18 + 10) // 20))
    # a shot on its way to us
    bx = int(obs[BULLET_X]) - 3
    by = int(obs[BULLET_Y]) + 11
    vx = bx - state.bullet_x
    vy = by - state.bullet_y
    state.bullet_x = bx
    state.bullet_y = by
    state.mode = 0
    if int(obs[BULLET_Y]) != 128 and abs(vx) <= 4 and abs(vy) <= 4:
        flee = -1
        if abs(by - py) < 15 and vx * (px - bx) > 0 and abs(px - bx) < 60:
            flee = 0
        elif abs(bx - px) < 14 and vy * (py - by) > 0 and abs(py - by) < 60:
            flee = 1
        if flee >= 0:
            # walk along the shot's line, away or towards it, to the first side passage that is reached in time
            far = abs(px - bx) + abs(py - by)
            away = (py - by) if flee == 0 else (px - bx)
            off = (py - 18 - 20 * r) if flee == 0 else (px - 19 - 12 * c)
            if abs(away) <= 3 and abs(off) > 1:
                away = 4 if off > 0 else -4
            if abs(away) > 3 and far < 90:
                # off its line already: on, or wait
                state.mode = 1
                if abs(away) > 11:
                    return 0
                if flee == 0:
                    return 2 if away > 0 else 5
                return 3 if away > 0 else 4
            along = (1 if px > bx else 2) if flee == 0 else (0 if py > by else 3)
            best = 999
            go = -1
            for turn in range(2):
                way = along if turn == 0 else 3 - along
                cc = c
                rr = r
                for n in range(5):
                    gone = abs(19 + 12 * cc - px) + abs(18 + 20 * rr - py)
                    if (turn == 0 and n > 0) or gone * 2 + 12 < far or gone < 3:
                        for k in range(2):
                            side = (0 if k == 0 else 3) if flee == 0 else (1 if k == 0 else 2)
                            if edge(state, cc, rr, side) == 1 and gone < best:
                                best = gone
                                go = side if gone < 2 else way
                                if gone >= 2 and n == 0:
                                    go = (1 if 19 + 12 * cc > px else 2) if flee == 0 else (0 if 18 + 20 * rr > py else 3)
                    if edge(state, cc, rr, way) != 1:
                        break
                    cc += 1 if way == 1 else (-1 if way == 2 else 0)
                    rr += 1 if way == 0 else (-1 if way == 3 else 0)
            if go >= 0 and far < params.fear:
                state.mode = 1
                return 2 + go
    # a monster in a free line
    best = 999
    aim = -1
    field = np.full((11, 6), 99.0)
    for i in range(6):
        x = int(obs[ENEMY_X + i])
        heading = int(obs[DIRECTION + i])
        if x == 0 or heading == 255:
            continue
        front = 0 if heading == 1 else (1 if heading == 8 else (2 if heading == 4 else 3))
        y = int(obs[ENEMY_Y + i])
        step = abs(x - state.was_x[i]) + abs(y - state.was_y[i])
        if step < 5:
            state.speed[i] += 0.02 * (step - state.speed[i])
        state.was_x[i] = x
        state.was_y[i] = y
        # where it is when the shot gets there
        ahead = min(10.0, state.speed[i] * (abs(x - px) + abs(y - py)))
        if heading == 1:
            y += int(ahead)
        elif heading == 2:
            y -= int(ahead)
        elif heading == 4:
            x -= int(ahead)
        elif heading == 8:
            x += int(ahead)
        ec = min(10, max(0, (x - 19 + 6) // 12))
        er = min(5, max(0, (y - 18 + 10) // 20))
        for side in range(4):
            cc = ec
            rr = er
            for n in range(5):
                field[cc, rr] = min(field[cc, rr], (2.0 if n != 1 else 3.0) + (params.front if side == front else 0.0))
                if n == 0:
                    field[cc, rr] = 6.0
                if cc == c and rr == r:
                    away = abs(x - px) + abs(y - py)
                    if away < best and away < params.reach:
                        best = away
                        aim = 3 - side
                        if n == 0:
                            dx = x - px
                            dy = y - py
                            aim = (1 if dx > 0 else 2) if abs(dx) > abs(dy) else (0 if dy > 0 else 3)
                if edge(state, cc, rr, side) != 1:
                    break
                if side == 0:
                    rr += 1
                elif side == 1:
                    cc += 1
                elif side == 2:
                    cc -= 1
                else:
                    rr -= 1
    state.seen = aim
    if aim >= 0:
        state.mode = 2
        facing = 1 if aim == 0 else (8 if aim == 1 else (4 if aim == 2 else 2))
        if (aim == 0 or aim == 3) and abs(px - 19 - 12 * c) > 1:
            return 3 if px < 19 + 12 * c else 4
        if (aim == 1 or aim == 2) and abs(py - 18 - 20 * r) > 1:
            return 2 if py < 18 + 20 * r else 5
        # from the cell's middle the shot may start inside the wall behind: a few pixels forward
        ahead = (py - 18 - 20 * r) if aim == 0 else (18 + 20 * r - py)
        if aim == 1:
            ahead = px - 19 - 12 * c
        elif aim == 2:
            ahead = 19 + 12 * c - px
        if ahead < params.forward and best > 14 and int(obs[MY_DIRECTION]) == facing:
            return 2 + aim + (4 if ahead > 1 and state.tick % 8 < 4 else 0)
        if int(obs[MY_DIRECTION]) == facing:
            return 1 if state.tick % 8 < 4 else 0
        return 2 + aim
    # walk down the distance field; unknown passages cost more
    for k in range(40):
        for cc in range(11):
            for rr in range(6):
                for side in range(4):
                    e = edge(state, cc, rr, side)
                    if e == 2:
                        continue
                    c2 = cc + (1 if side == 1 else (-1 if side == 2 else 0))
                    r2 = rr + (1 if side == 0 else (-1 if side == 3 else 0))
                    field[cc, rr] = min(field[cc, rr], field[c2, r2] + (1.0 if e == 1 else 2.5))
        if k > 12 and field[c, r] < 90:
            break
    best_value = 1e9
    side = 0
    for s in range(4):
        e = edge(state, c, r, s)
        if e == 2:
            continue
        c2 = c + (1 if s == 1 else (-1 if s == 2 else 0))
        r2 = r + (1 if s == 0 else (-1 if s == 3 else 0))
        value = field[c2, r2] + (1.0 if e == 1 else 2.5) + 0.2 * uniform(state)
        if value < best_value:
            best_value = value
            side = s
    if alive == 0:
        return 0
    # not in the middle: finish the way to it when the turn is across
    if (side == 0 or side == 3) and abs(px - 19 - 12 * c) > 2:
        side = 1 if px < 19 + 12 * c else 2
    elif (side == 1 or side == 2) and abs(py - 18 - 20 * r) > 3:
        side = 0 if py < 18 + 20 * r else 3
    if uniform(state) < 0.01:
        side = int(uniform(state) * 4)
    return 2 + side
