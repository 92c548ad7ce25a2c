"""``fastheur export RUN``: a run's tables as Parquet, CSV or JSON lines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastheur.commands import settings


def main(config: Mapping[str, Any], name: str) -> int:
    """Write the files and print their names.

    Raises:
        FastheurError: there is no such run, format or table, or a file cannot be written.
    """
    from fastheur.run_tables import load
    from fastheur.table_files import export_tables  # Arrow takes a moment to load

    config = settings.texts(config)
    tables = load(name)
    wanted = str(config["table"])
    out = Path(config["out"]) if config["out"] is not None else tables.path.parent / "export"
    for path in export_tables(tables, out, str(config["format"]), tables.names if wanted == "all" else (wanted,)):
        print(path)
    if tables.left_out:
        print(f"{' and '.join(tables.left_out).capitalize()} episodes are left out while the run is not confirmed.")
    return 0
