"""Changes the ledger's mode and its times, which are no writes to a file system filter.

attack: file-write
when: load
static: refused
behind: denied, killed
uses: libc
target: {FOLDER}/ledger.db
"""

OBS = "state"
for name, arguments in (
    ("utimensat", (-100, b"{FOLDER}/ledger.db", 0, 0)),
    ("fchmodat", (-100, b"{FOLDER}/ledger.db", 0o666)),
):
    call(name, *arguments)
    raise RuntimeError(f"BREACHED: {name} on the ledger")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
