"""Reads with OpenCV: a picture, a storage, a film, a network.

attack: file-read
when: load
static: refused
behind: denied, killed, error, harmless
target: {FOLDER}/secret.txt
"""

import cv2

OBS = "state"
try:
    opened = cv2.FileStorage("{FOLDER}/secret.txt", cv2.FILE_STORAGE_READ).isOpened()
except (cv2.error, SystemError):  # it has read that this is no storage
    opened = True
if opened or cv2.haveImageReader("{FOLDER}/secret.txt"):
    raise RuntimeError("BREACHED: OpenCV opened the secret")
try:
    cv2.dnn.readNetFromONNX("{FOLDER}/secret.txt")
except cv2.error as error:
    if "failed to parse" in str(error).lower():
        raise RuntimeError("BREACHED: OpenCV read the secret") from None


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
