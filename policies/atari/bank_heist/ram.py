"""The getaway car learns the walls of the city while driving and takes the shortest known way to the next bank.

A direction that twice did not work at a crossing counts as a wall there; unknown ways count as open. Cells near a police
car are closed. With no bank left, or with little fuel, it drives out of the city at the side.
"""
from fastheur.policy import Param, uniform

import numpy as np

OBS = "ram"
STATE = [("walls", "u1", (24, 44, 4)), ("first", "i1", (24, 44)), ("queue", "i8", (1056,)), ("last_x", "i8"),
         ("last_y", "i8"), ("row", "i8"), ("column", "i8"), ("wish", "i8"), ("still", "i8"), ("goal", "i8"), ("way", "i8"), ("died", "i8"), ("wrong", "i8", (4,))]
PARAMS = {"danger": Param(14, 4, 30)}

CAR_X, CAR_Y, OTHER_X, OTHER_Y, KIND, DEATH = 28, 8, 29, 9, 24, 78
BANK, POLICE = 253, 254
EXIT_ROW = 5

# open places of the four cities: one row of bits for each street, bit = column
MAZES = np.array([
    [412316860416, 446676598768, 430101238288, 446273942512, 416687362112, 549705457660, 416882492480, 442916666480, 429769229328, 549753978876, 429505150992, 433791696784, 444663859440, 414632102016, 444680653040, 429651806224, 446674763760, 412316860416],
    [412316860416, 446674763760, 430035829264, 443052716656, 417216336448, 546131931772, 420839694272, 442515845232, 430507630096, 549227267068, 430566407696, 433296712592, 431678300304, 446206829552, 430539161104, 429633177616, 446676598768, 412316860416],
    [412316860416, 446475266032, 429798728720, 446674763760, 416683003968, 546532753020, 417215812160, 446273942512, 430050394640, 536858230684, 431663235216, 433789861776, 444818408688, 414749574272, 445065985264, 429782483984, 446441703408, 412316860416],
    [412316860416, 446663917552, 429514047504, 446173266928, 417668824640, 545628604540, 420773105600, 442650065008, 430440517136, 549252482044, 412871049728, 446660378608, 429664487440, 446559703024, 416632684608, 445735236080, 431581175568, 412316860416],
])


def drop(obs, x, y, way):
    """8 to press the button as well (dynamite) when a police car is near and not ahead."""
    dx = (1 if way == 2 else 0) - (1 if way == 3 else 0)
    dy = (1 if way == 4 else 0) - (1 if way == 1 else 0)
    for i in range(3):
        if int(obs[KIND + i]) == POLICE:
            px = int(obs[OTHER_X + i]) - x
            py = int(obs[OTHER_Y + i]) - y
            if abs(px) + abs(py) < 32 and px * dx + py * dy <= -8:
                return 8
    return 0


def act(obs, info, state, params):
    x = int(obs[CAR_X])
    y = int(obs[CAR_Y])
    if int(obs[DEATH]) > 0:
        state.row = -1
        state.wish = 0
        state.died = 1
        return 0
    if abs(x - state.last_x) > 16 or abs(y - state.last_y) > 16:
        for r in range(24):
            for c in range(44):
                for d in range(4):
                    if abs(x - state.last_x) > 60 and state.died == 0:
                        state.walls[r, c, d] = 0
        state.wish = 0
        state.still = 0
        state.row = -1
        for m in range(4):
            if state.died == 0:
                state.wrong[m] = 0
        state.died = 0
    state.still = state.still + 1 if x == state.last_x and y == state.last_y else 0
    state.last_x = x
    state.last_y = y
    row = min(22, max(0, (y + 3) // 8))
    column = min(42, max(0, (x + 2) // 4))
    aligned = x % 4 == 0 and y % 8 == 1
    if state.wish > 0 and state.row >= 0 and (row != state.row or column != state.column):
        d = state.wish - 1
        to_row = state.row + (1 if d == 3 else 0) - (1 if d == 0 else 0)
        to_column = state.column + (1 if d == 1 else 0) - (1 if d == 2 else 0)
        if row != to_row or column != to_column:
            state.walls[state.row, state.column, d] = min(9, state.walls[state.row, state.column, d] + 1)
        else:
            state.walls[state.row, state.column, d] = 0
        state.wish = 0
    if state.still > 10 and state.wish > 0:
        state.walls[row, column, state.wish - 1] += 1
        state.still = 0
        state.wish = 0
    if not aligned and state.way > 0 and state.still < 8:
        return state.way + 1 + drop(obs, x, y, state.way)
    city = 0
    for m in range(4):
        if aligned and (MAZES[m, row] >> column) & 1 == 0:
            state.wrong[m] += 1
        for i in range(3):
            if int(obs[KIND + i]) == BANK and int(obs[OTHER_Y + i]) < 137:
                if (MAZES[m, (int(obs[OTHER_Y + i]) + 3) // 8] >> ((int(obs[OTHER_X + i]) + 2) // 4)) & 1 == 0:
                    state.wrong[m] += 1
        if state.wrong[m] < state.wrong[city]:
            city = m
    for r in range(24):
        for c in range(44):
            state.first[r, c] = 0
    head = 0
    flee = -1000.0
    flee_way = 0
    tail = 1
    state.queue[0] = row * 44 + column
    state.first[row, column] = 5
    goal = 0
    banks = 0
    for i in range(3):
        if int(obs[KIND + i]) == BANK:
            banks += 1
    while head < tail and goal == 0:
        r = state.queue[head] // 44
        c = state.queue[head] % 44
        head += 1
        step = state.first[r, c]
        if banks < 3 and step < 5:
            closest = 99.0
            for i in range(3):
                if int(obs[KIND + i]) == POLICE:
                    closest = min(closest, abs(int(obs[OTHER_X + i]) - 4 * c) + abs(int(obs[OTHER_Y + i]) - 8 * r - 1))
            if closest > flee:
                flee = closest
                flee_way = step
        for i in range(3):
            if int(obs[KIND + i]) == BANK:
                if (int(obs[OTHER_Y + i]) + 3) // 8 == r and abs((int(obs[OTHER_X + i]) + 2) // 4 - c) < 1:
                    goal = step
        if banks == 0 and r == EXIT_ROW and c == 35:
            goal = step
        for d in range(4):
            if state.walls[r, c, d] >= 6:
                continue
            nr = r + (1 if d == 3 else 0) - (1 if d == 0 else 0)
            nc = c + (1 if d == 1 else 0) - (1 if d == 2 else 0)
            if nr < 0 or nr > 17 or nc < 0 or nc > 36 or state.first[nr, nc] > 0:
                continue
            if (MAZES[city, nr] >> nc) & 1 == 0:
                continue
            near = False
            for i in range(3):
                if int(obs[KIND + i]) == POLICE:
                    if abs(int(obs[OTHER_X + i]) - 4 * nc) + abs(int(obs[OTHER_Y + i]) - 8 * nr - 1) < params.danger:
                        near = True
            if near:
                continue
            state.first[nr, nc] = step if step < 5 else d + 1
            state.queue[tail] = nr * 44 + nc
            tail += 1
    if goal == 0:
        goal = flee_way
    state.goal = goal
    if goal == 0 or goal == 5:
        goal = 1 + int(4 * uniform(state)) if goal == 0 else state.way
    state.way = goal
    if aligned:
        state.row = row
        state.column = column
        state.wish = goal
    return goal + 1 + drop(obs, x, y, goal)
