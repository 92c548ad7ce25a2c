"""``fastheur report RUN ...``: a folder of static pages on runs, folders of runs and ledgers."""

from collections.abc import Mapping
from typing import Any

from fastheur.commands import settings
from fastheur.report import write_report


def main(config: Mapping[str, Any], *names: str) -> int:
    """Build the report, and print where its first page lies."""
    config = settings.texts(config)
    print(write_report(names, config["out"], config["replays"], say=print))
    return 0
