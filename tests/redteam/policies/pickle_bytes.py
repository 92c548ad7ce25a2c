"""Has pickle call a function of the operating system.

attack: pickle
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

OBS = "state"
pickle = __import__("pickle")
made = pickle.loads(b"cos\nmkdir\n(S'{FOLDER}/made'\ntR.")
raise RuntimeError(f"BREACHED: os.mkdir was called and returned {made}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
