"""Ice hockey (blue, shoots downwards): the player nearer the puck goes for it, carries it down towards the goal
and shoots from a given height on, when the goal keeper is not in the way. It knows no passes.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
TASK = "atari/ice_hockey"
STATE = [("have", "i8"), ("tick", "i8"), ("held", "i8"), ("lost", "i8"), ("shots", "i8")]
PARAMS = {"shoot_y": Param(140, 20, 140), "goal_x": Param(77, 60, 95), "reach": Param(14, 4, 20), "drop": Param(0, -4, 18), "near": Param(14, 0, 40), "ahead": Param(16, 4, 40),
          "lean": Param(0.6, 0.0, 1.0), "trip": Param(16, 0, 30),
          "doubt": Param(4, -10, 20), "own": Param(110, 90, 145)}
PUCK_Y = 51  # 144 is our goal line, small is theirs
PUCK_X = 52
BACK_Y = 53
BACK_X = 57
FRONT_Y = 55
FRONT_X = 59
FOE_Y = 54  # and 56
FOE_X = 58  # and 60


def stick(dx, dy, fire):
    # dx > 0 right, dy > 0 down
    if dx == 0 and dy == 0:
        return 1 if fire else 0
    a = 0
    if dx == 0:
        a = 2 if dy < 0 else 5
    elif dy == 0:
        a = 3 if dx > 0 else 4
    elif dy < 0:
        a = 6 if dx > 0 else 7
    else:
        a = 8 if dx > 0 else 9
    return a + 8 if fire else a


def act(obs, info, state, params):
    state.tick += 1
    px = int(obs[PUCK_X]) - 9
    py = int(obs[PUCK_Y])
    bx = int(obs[BACK_X]) - 3
    by = int(obs[BACK_Y]) - int(params.drop)
    fx = int(obs[FRONT_X]) - 3
    fy = int(obs[FRONT_Y]) - int(params.drop)
    x = fx
    y = fy
    back = abs(bx - px) + abs(by - py) < abs(fx - px) + abs(fy - py)
    if back:
        x = bx
        y = by
    ex = px - x
    ey = py - y
    dx = 0
    dy = 0
    foe = 999
    foe_x = 0
    for k in range(2):
        d = abs(int(obs[FOE_X + 2 * k]) - 3 - px) + abs(int(obs[FOE_Y + 2 * k]) - py)
        if d < foe:
            foe = d
            foe_x = int(obs[FOE_X + 2 * k]) - 3
    if abs(ex) <= params.reach and abs(ey) <= 4 and abs(ex) + abs(ey) < foe + params.doubt:
        state.held += 1
    else:
        state.held = 0
    if state.held > 4:
        gx = params.goal_x - px
        if gx > 3:
            dx = 1
        elif gx < -3:
            dx = -1
        dy = 1
        if py > params.own:  # near our goal: away from their man, and clear it
            dx = 1 if foe_x < x else -1
            return stick(dx, dy, state.tick % 8 < 4)
        fire = py < params.shoot_y and abs(gx) < 14 and state.tick % 8 < 4
        if fire:
            state.shots += 1
        return stick(dx, dy, fire)
    fire = False
    if back and ey < 0 and state.held == 0:
        # the puck is on their side of our back man: stay between it and the goal
        far = abs(ex) + abs(ey)
        fire = far < params.trip and state.tick % 8 < 4
        if far > params.near:
            ex = int(80 + params.lean * (px - 80)) - x
            ey = int(min(py + params.ahead, 137.0)) - y
    if back and ey >= 0 and state.held == 0 and abs(ex) + abs(ey) < params.trip:
        fire = state.tick % 8 < 4
    if ex > 3:
        dx = 1
    elif ex < -3:
        dx = -1
    if ey > 2:
        dy = -1
    elif ey < -2:
        dy = 1
    return stick(dx, dy, fire)
