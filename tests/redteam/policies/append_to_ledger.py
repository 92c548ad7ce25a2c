"""Opens the ledger to write: in place, by a link, by a new name, by truncation.

attack: file-write
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}/ledger.db
"""

OBS = "state"
LEDGER, OTHER = b"{FOLDER}/ledger.db", b"{FOLDER}/other.db"
attempts = (
    ("openat", -100, LEDGER, 2, 0),
    ("linkat", -100, LEDGER, -100, OTHER, 0),
    ("symlinkat", LEDGER, -100, OTHER),
    ("renameat2", -100, LEDGER, -100, OTHER, 0),
    ("mknodat", -100, OTHER, 0o100600, 0),
    ("mkdirat", -100, OTHER, 0o700),
    ("unlinkat", -100, LEDGER, 0),
)
for name, *arguments in attempts:
    try:
        call(name, *arguments)
    except OSError:
        continue
    raise RuntimeError(f"BREACHED: {name} on the ledger's folder")
raise PermissionError("the folder is shut")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
