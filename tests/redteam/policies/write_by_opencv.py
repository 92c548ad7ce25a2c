"""Writes with OpenCV: imwrite, FileStorage, VideoWriter.

attack: file-write
when: load
static: refused
behind: denied, killed, harmless
target: {FOLDER}
"""

import cv2
import numpy as np

OBS = "state"
image = np.zeros((8, 8, 3), np.uint8)
written = cv2.imwrite("{FOLDER}/a.png", image)
storage = cv2.FileStorage("{FOLDER}/b.yml", cv2.FILE_STORAGE_WRITE)
film = cv2.VideoWriter("{FOLDER}/c.avi", cv2.VideoWriter.fourcc(*"MJPG"), 10, (8, 8))
if written or storage.isOpened() or film.isOpened():
    raise RuntimeError("BREACHED: OpenCV wrote a file")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
