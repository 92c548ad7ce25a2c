"""OpenCV's module holds `os` and `sys` as plain names: no private name is needed.

attack: static-evasion
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

import cv2

OBS = "state"
cv2.os.mkdir("{FOLDER}/made")
raise RuntimeError("BREACHED: made {FOLDER}/made")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
