"""Runs to the left and changes to the lane of the seed that comes next.

The way of each seed is counted from the moment it appears. A truck near in the own lane makes it change the lane.
"""
from fastheur.policy import Param

OBS = "ram"
STATE = [("target", "i8"), ("age", "i8", (4,))]
PARAMS = {"passed": Param(74, 60, 90), "low": Param(38, 30, 42), "jump": Param(46, 20, 64)}

X, Y, SEED, TRUCK_X, TRUCK_LANE, CANYON, SCROLL, GAP = 80, 3, 36, 42, 43, 34, 82, 40
ON_ROAD = 31
RIGHT, LEFT, UPLEFT, DOWNLEFT, LEFTFIRE = 3, 4, 7, 9, 12


def act(obs, info, state, params):
    y = int(obs[Y])
    oldest = -1
    for k in range(4):
        state.age[k] = state.age[k] + 1 if int(obs[SEED + k]) == ON_ROAD else 0
        if state.age[k] > 0 and state.age[k] < params.passed and state.age[k] > oldest:
            oldest = state.age[k]
            state.target = params.low - 10 * k
    target = state.target
    truck_x = int(obs[TRUCK_X])
    if truck_x > 0 and truck_x < int(obs[X]) + 14:
        if int(obs[TRUCK_LANE]) == 2 and target > 8 and target < 30:
            target = 8 if y < 18 else 32
        elif int(obs[TRUCK_LANE]) == 1 and target > 20:
            target = 18
    if (int(obs[CANYON]) == 255 or int(obs[GAP]) > 0) and int(obs[SCROLL]) > params.jump and int(obs[SCROLL]) < params.jump + 16:
        return LEFTFIRE
    if y < target - 1:
        return DOWNLEFT
    if y > target + 1:
        return UPLEFT
    return LEFT
