"""Golden cases of shipped Heuristic Systems: ``python bench/golden.py make|check TASK POLICY [EPISODES]``.

``make`` plays episodes of the train split behind those of any search, and writes a floor for each into the system's
``golden.json`` (see :mod:`fastheur.regress`); ``check`` plays them again and says what falls under its floor. Cases of several
policies of one task (``gait``, ``plan``) lie side by side, named after the policy. Both count their steps in a ledger.
"""

import sys
from pathlib import Path

from fastheur import evaluate, regress
from fastheur.promotion import GOLDEN_FIRST
from fastheur.regress import GoldenCase
from fastheur.score import Scorecard

POLICIES = Path(__file__).parent.parent / "policies"


def played(task: str, policy: str, first: int, episodes: int) -> Scorecard:
    """Return what the shipped policy reaches in ``episodes`` from index ``first`` of the train split."""
    name, ledger = str(POLICIES / task / f"{policy}.py"), Path("runs") / "golden.db"
    ledger.parent.mkdir(exist_ok=True)
    return evaluate(name, task, split="train", first=first, episodes=episodes, ledger=ledger, notes="golden cases")


def make(task: str, policy: str, episodes: int) -> list[GoldenCase]:
    """Return new cases, in place of the policy's old ones."""
    card = played(task, policy, GOLDEN_FIRST, episodes)
    returns = card.returns.tolist()
    return [
        GoldenCase(
            name=f"{policy}-{place + 1}",
            protocol=card.setting.protocol,
            index=GOLDEN_FIRST + place,
            floor=round(regress.floor_for(outcome, returns), 3),
            outcome=round(outcome, 3),
            version=1,
        )
        for place, outcome in enumerate(returns)
    ]


def main(what: str, task: str, policy: str, episodes: int) -> int:
    """Make or check; return 1 where a case is lost."""
    path = POLICIES / task / "golden.json"
    cases = regress.from_json(path.read_text()) if path.exists() else []
    mine = [case for case in cases if case.name.rpartition("-")[0] == policy]
    if what == "make":
        others = [case for case in cases if case not in mine]
        path.write_text(regress.to_json(sorted([*others, *make(task, policy, episodes)], key=lambda case: case.name)))
        print(path.read_text())
        return 0
    lost = 0
    for case in mine:
        found = played(task, policy, case.index, 1).returns[0]
        lost += found < case.floor
        print(
            f"{case.name}: {found:,.1f}, floor {case.floor:,.1f}, was {case.outcome:,.1f}{'  LOST' if found < case.floor else ''}"
        )
    print(f"{len(mine)} cases, {lost} lost")
    return int(lost > 0 or not mine)


if __name__ == "__main__":
    if len(sys.argv) < 4 or sys.argv[1] not in ("make", "check"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else 5))
