"""Flies at the highest altitude in the middle of the floor and presses FIRE on two steps, off two.

The notch of the first fortress wall is there, low walls pass below, and fighters come into the line of fire by
themselves. It dodges nothing, and never goes down for fuel tanks.
"""
OBS = "ram"
TASK = "atari/zaxxon"
PLANE_X = 32
PLANE_ALTITUDE = 33
def act(obs, info, state, params):
    fire = (info.elapsed // 2) % 2
    x = int(obs[PLANE_X])
    climb = int(obs[PLANE_ALTITUDE]) < 40
    if x < 122:
        move = 8 if climb else 3
    elif x > 130:
        move = 9 if climb else 4
    else:
        move = 5 if climb else 0
    if fire == 0:
        return move
    if move == 0:
        return 1
    return move + 8
