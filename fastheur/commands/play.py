"""One evaluation as the commands show it: the sealed commitment first, progress, and what Ctrl-C left."""

from fastheur.commands.display import progress
from fastheur.errors import Interrupted
from fastheur.evaluation import Plan, run
from fastheur.host import Candidate
from fastheur.ledger import Ledger
from fastheur.score import Scorecard
from fastheur.seeds import commitment

INTERRUPTED = 130
"""Exit code after Ctrl-C or a polite kill."""


def play(what: Plan, candidate: Candidate) -> Scorecard:
    """Play ``candidate`` as planned and return its Scorecard.

    Raises:
        Interrupted: after it was said what is kept, and the sealed secret was shown.
    """
    if what.secret:
        print(f"Sealed seeds committed to as {commitment(what.secret)}.", flush=True)
    try:
        plans = ", plans with a model" if candidate.policy.plans else ""
        with progress(f"{what.task.name} {what.task.mode} {what.protocol.name}{plans}", what.episodes) as report:
            return run(what, [candidate], report)[0]
    except Interrupted as stop:
        card = stop.cards[0]
        print(
            f"Interrupted after {len(card.episodes)} of {what.episodes} episodes and {card.cost.env_steps:,} env steps; "
            + (f"what was measured is kept as trial {card.trial}." if card.trial else "no ledger was asked for."),
            flush=True,
        )
        reveal(what)
        raise


def reveal(what: Plan) -> None:
    """Show the secret of a sealed evaluation, and how often the sealed split was read."""
    if what.secret is None:
        return
    count = ""
    if what.ledger:
        with Ledger(what.ledger) as ledger:
            count = f" This was sealed read {ledger.sealed_reads()} of this ledger."
    print(f"Sealed seeds: secret {what.secret}, committed to before the run as {commitment(what.secret)}.{count}")
