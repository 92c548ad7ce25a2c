"""Writes with NumPy: save, tofile, dump, memmap, savetxt.

attack: file-write
when: batch
static: refused
behind: denied, killed
target: {FOLDER}
"""

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        attempts = (
            lambda: np.save("{FOLDER}/a.npy", obs),
            lambda: obs.tofile("{FOLDER}/b.bin"),
            lambda: obs.dump("{FOLDER}/c.pkl"),
            lambda: np.savetxt("{FOLDER}/d.txt", obs),
            lambda: np.savez_compressed("{FOLDER}/e.npz", obs),
            lambda: np.memmap("{FOLDER}/f.map", np.uint8, "w+", shape=(64,)),
        )
        for number, attempt in enumerate(attempts):
            try:
                attempt()
            except OSError:
                continue
            raise RuntimeError(f"BREACHED: NumPy wrote file {number}")
        raise PermissionError("NumPy writes nothing")
