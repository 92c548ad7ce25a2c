"""Climbs: both arms up until they are stretched and hold for some steps, then down until the row is gained.

When the pull fails again and again (a closed window) it walks one window sideways, and turns round where it cannot walk on.
It does not dodge what falls.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
ARM_A = 19       # 0 .. 124 stretched
ARM_B = 21
ROW = 2
X = 24           # 12 from window to window
STATE = [("pull", "i8"), ("t", "i8"), ("row", "i8"), ("fails", "i8"), ("side", "i8"), ("move", "i8"), ("a", "i8"), ("b", "i8"), ("x", "i8"), ("from_x", "i8"), ("grip", "i8")]
PARAMS = {"most": Param(30, 5, 80), "grip": Param(3, 0, 10), "patience": Param(4, 1, 20)}


def act(obs, info, state, params):
    state.a = int(obs[ARM_A])
    state.b = int(obs[ARM_B])
    state.x = int(obs[X])
    state.t += 1
    row = int(obs[ROW])
    if info.elapsed < 330:
        return 0
    if row != state.row or info.reward > 0:
        state.row = row
        state.fails = 0
        state.move = 0
        state.pull = 0
        state.t = 0
    if state.move > 0:
        state.move -= 1
        if abs(state.x - state.from_x) >= 12:
            state.move = 0
        elif state.move == 0 and state.x == state.from_x:
            state.side = 1 - state.side
            state.move = 80
        if state.side == 0:
            return 3
        return 2
    state.grip = state.grip + 1 if state.a >= 120 and state.b >= 120 else 0
    if state.pull == 0:
        if state.grip > params.grip or state.t > params.most:
            state.pull = 1
            state.t = 0
            return 4
        return 1
    if (state.a <= 10 and state.b <= 10) or state.t > params.most:
        state.pull = 0
        state.t = 0
        state.fails += 1
        if state.fails >= params.patience:
            state.fails = 0
            state.from_x = state.x
            state.move = 80
            if state.x < 30 or uniform(state) < 0.3:
                state.side = 1 - state.side
        return 1
    return 4
