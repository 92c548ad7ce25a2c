"""Qbert hops to the nearest cube without the goal colour and keeps away from the cubes of other creatures.

A cube is done when it has the colour that last earned a reward. Each of the five moves is valued by way length and danger.
"""
from fastheur.policy import Param, uniform
import numpy as np

OBS = "ram"
STATE = [("goal", "i8"), ("row", "i8"), ("column", "i8"), ("way", "i8", (6, 6)), ("enemy", "i8", (6, 6)), ("left", "i8"), ("since", "i8"),
         ("wait", "i8")]
PARAMS = {"next": Param(20.0, 0.0, 60.0), "far": Param(3.0, 0.0, 30.0), "corner": Param(25.0, 0.0, 60.0)}

SIDE, PLAYER_Y, HOP, ENEMY_X, ENEMY_KIND, EMPTY = 35, 67, 55, 44, 92, 7
SNAKE_SIDE = 69
ROWS = np.array([1, 2, 3, 5, 4])
TILES = np.array([[21, 0, 0, 0, 0, 0], [52, 54, 0, 0, 0, 0], [83, 85, 87, 0, 0, 0], [98, 100, 102, 104, 0, 0],
                  [1, 3, 5, 7, 9, 0], [32, 34, 36, 38, 40, 42]])
CENTRES = np.array([[77, 0, 0, 0, 0, 0], [65, 93, 0, 0, 0, 0], [53, 77, 105, 0, 0, 0], [41, 65, 93, 117, 0, 0],
                    [29, 53, 77, 105, 129, 0], [17, 41, 65, 93, 117, 141]])


def find_enemies(obs, state):
    for r in range(6):
        for c in range(6):
            state.enemy[r, c] = 0
    for k in range(5):
        kind = int(obs[ENEMY_KIND + k])
        if kind == EMPTY:
            continue
        r = ROWS[k]
        if kind == 59 or kind == 81 or kind == 102:
            c = (int(obs[SNAKE_SIDE]) - 5 + r) // 2
            if c >= 0 and c <= r:
                state.enemy[r, c] = 2
        else:
            for c in range(r + 1):
                if abs(CENTRES[r, c] - int(obs[ENEMY_X + r - 1])) < 9:
                    state.enemy[r, c] = 1


def act(obs, info, state, params):
    y = int(obs[PLAYER_Y])
    state.since = 0 if info.reward > 0 else state.since + 1
    row = (y - 25) // 28
    column = (int(obs[SIDE]) - 5 + row) // 2
    if info.reward == 25 and state.row >= 0 and state.row < 6:
        state.wait = 4
    if row < 0 or row > 5 or (y - 25) % 28 != 0 or column < 0 or column > row or int(obs[HOP]) != 0:
        return 0
    state.row = row
    state.column = column
    find_enemies(obs, state)
    # the goal colour: the rest of the cubes share one colour at the start of a round
    here = int(obs[TILES[row, column]])
    if state.wait > 0:
        state.goal = here
        state.wait = 0
    left = 0
    for r in range(6):
        for c in range(r + 1):
            state.way[r, c] = 99
            if int(obs[TILES[r, c]]) != state.goal:
                left += 1
                state.way[r, c] = 0
    state.left = left
    if left == 0:
        state.goal = -1
    for sweep in range(12):
        for r in range(6):
            for c in range(r + 1):
                if state.enemy[r, c] > 0:
                    continue
                for d in range(2, 6):
                    nr = r + (1 if d == 3 or d == 5 else -1)
                    nc = c + (1 if d == 3 else 0) - (1 if d == 4 else 0)
                    if nr >= 0 and nr < 6 and nc >= 0 and nc <= nr and state.way[nr, nc] + 1 < state.way[r, c]:
                        state.way[r, c] = state.way[nr, nc] + 1
    best = -9999.0
    choice = 0
    for d in range(1, 6):
        nr = row
        nc = column
        if d > 1:
            nr = row + (1 if d == 3 or d == 5 else -1)
            nc = column + (1 if d == 3 else 0) - (1 if d == 4 else 0)
        if nr < 0 or nr > 5 or nc < 0 or nc > nr:
            continue
        value = -1.0 * state.way[nr, nc] - (1.5 if d == 1 else 0.0)
        for r in range(6):
            for c in range(r + 1):
                if state.enemy[r, c] > 0:
                    if r == nr and c == nc:
                        value -= 100.0
                    elif (nr - r == 1 or state.enemy[r, c] == 2 and nr - r == -1) and (c - nc == 0 or c - nc == r - nr):
                        value -= params.next
                    if state.enemy[r, c] == 2:
                        distance = max(abs(r - nr), abs(2 * c - r - 2 * nc + nr))
                        value -= params.far * max(0, 3 - distance)
                        if distance < 5 and nr == 5 and (nc == 0 or nc == 5):
                            value -= params.corner
        value += (0.1 + min(8.0, max(0, state.since - 240) / 40.0)) * uniform(state)
        if value > best:
            best = value
            choice = d
    return 0 if choice == 1 else choice
