"""``fastheur ledger export``: trials.jsonl and summary.csv out of the ledger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastheur.errors import ConfigError
from fastheur.ledger import Ledger


def main(config: Mapping[str, Any], action: str) -> int:
    """Do ``action`` (``export``)."""
    if action != "export":
        raise ConfigError(f"`fastheur ledger` knows export, found {action!r}.")
    if not config["ledger"] or not Path(config["ledger"]).exists():
        raise ConfigError(
            f"There is no ledger {config['ledger']}; `fastheur eval` makes it, or name another with ledger=FILE."
        )
    with Ledger(config["ledger"]) as ledger:
        for path in ledger.export(config["out"], config["env_id"], config["obs"], config["fold"]):
            print(path)
    return 0
