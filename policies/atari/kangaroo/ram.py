"""Climbs to the joey of the first scene, then stays on the ground of the second one and punches the monkeys that come.

It runs from the coconut that falls, ducks under the thrown ones and jumps over the low ones. No stairs are climbed.
"""
from fastheur.policy import Param

OBS = "ram"
STATE = [("target", "i8"), ("why", "i8"), ("phase", "i8")]

PARAMS = {"reach": Param(16, 6, 30), "home": Param(66, 10, 110), "jump": Param(27, 10, 40), "away": Param(12, 6, 20)}
X, Y, JOEY_X, POSE, LEVEL, MONKEY_X, MONKEY_Y = 17, 16, 83, 18, 36, 12, 8
THROWN_X, THROWN_Y, FALLING_X, FALLING_Y = 28, 25, 34, 33
NOOP, FIRE, UP, RIGHT, LEFT, DOWN = 0, 1, 2, 3, 4, 5


def act(obs, info, state, params):
    x = int(obs[X])
    y = int(obs[Y])
    pose = int(obs[POSE])
    state.why = 1
    if pose == 39 or pose == 47:
        return UP
    farm = int(obs[LEVEL]) > 0
    fall_x = int(obs[FALLING_X])
    fall_gap = fall_x - x
    falling = farm and obs[FALLING_Y] >= 3 and obs[FALLING_Y] < 100
    state.why = 2
    if falling and abs(fall_gap) < params.away:
        if x < 14:
            return RIGHT
        return LEFT if fall_gap >= 0 or x > 106 else RIGHT
    target = 117
    if farm:
        target = int(params.home)
        for k in range(4):
            if abs(int(obs[MONKEY_Y + k]) - y) <= 3 and int(obs[MONKEY_X + k]) < 116:
                target = int(obs[MONKEY_X + k])
    elif y <= 13 and y > 7:
        target = 5
    elif y <= 1:
        target = int(obs[JOEY_X])
    state.target = target
    gap = int(obs[THROWN_X]) - x
    low = int(obs[THROWN_Y]) - y
    state.why = 3
    if farm and obs[THROWN_Y] < 100 and low >= -1 and low <= 4:
        if low >= 2 and abs(gap) < params.jump:
            return UP
        if low < 2 and abs(gap) < 20:
            return DOWN
    state.why = 4
    for k in range(4):
        gap = int(obs[MONKEY_X + k]) - x
        if abs(int(obs[MONKEY_Y + k]) - y) <= 2 and abs(gap) < params.reach:
            state.phase = (state.phase + 1) % 6
            if pose >= 128:
                return NOOP
            if (gap > 0) != ((pose & 8) > 0):
                return RIGHT if gap > 0 else LEFT
            return FIRE if state.phase < 4 else NOOP
    state.why = 5
    if abs(x - target) <= 2:
        return NOOP if farm else UP
    step = 2 if x < target else -2
    if falling and abs(fall_x - x - step) <= params.away:
        return NOOP
    return RIGHT if x < target else LEFT
