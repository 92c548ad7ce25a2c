"""``fastheur ledger``: export, check, repair and import."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastheur.commands import output
from fastheur.errors import ConfigError
from fastheur.ledger import Ledger
from fastheur.ledger_check import Report, check
from fastheur.ledger_repair import Repaired, repair
from fastheur.ledger_transfer import export_all, import_all
from fastheur.run_folder import LEDGER, find_run

FORMATS = ("records", "full")
UNSOUND = 1
"""Exit code of a check that has found something."""


def main(config: Mapping[str, Any], action: str) -> int:
    """Do ``action``: ``export``, ``import`` or ``check``.

    Raises:
        FastheurError: there is no such action or ledger, or it cannot be read or written.
    """
    if action not in _ACTIONS:
        raise ConfigError(f"`fastheur ledger` knows {', '.join(_ACTIONS)}, found {action!r}.")
    return _ACTIONS[action](config)


def _export(config: Mapping[str, Any]) -> int:
    path = _existing(config["ledger"])
    if config["format"] not in FORMATS:
        raise ConfigError(f"format is {config['format']!r}, expected one of {', '.join(FORMATS)}.")
    if config["format"] == "full":
        if config["out"] is None:
            raise ConfigError("format=full wants a file to write: out=FILE.")
        if any(config[name] not in (None, False) for name in ("env_id", "obs", "fold")):
            raise ConfigError("format=full takes everything; leave env_id, obs and fold away.")
        target = output.checked(config["out"], str(path))
        assert target is not None
        if target.exists() and not target.is_file():
            raise ConfigError(
                f"out={target} is no plain file; a full export is renamed into its place when it is whole."
            )
        print(f"{export_all(path, target):,} rows in {target}")
        return 0
    with Ledger(path) as ledger:
        for written in ledger.export(config["out"] or "runs/export", config["env_id"], config["obs"], config["fold"]):
            print(written)
    return 0


def _import(config: Mapping[str, Any]) -> int:
    if config["file"] is None or config["ledger"] is None:
        raise ConfigError("`fastheur ledger import` wants file=FILE, a full export, and ledger=NEW, a file to make.")
    print(f"{import_all(Path(config['file']), Path(config['ledger'])):,} rows in {config['ledger']}")
    return 0


def _check(config: Mapping[str, Any]) -> int:
    path = _existing(config["ledger"])
    if not isinstance(config["repair"], bool):
        raise ConfigError(f"repair is {config['repair']!r}, expected true or false.")
    repaired = repair(path) if config["repair"] else None
    if repaired is not None:
        _tell(repaired)
    return _told(check(path) if repaired is None else repaired.report, offer=not config["repair"])


def _tell(repaired: Repaired) -> None:
    print(f"As it was found it is kept as {repaired.aside}.")
    for table in repaired.tables:
        if table.kept or table.lost:
            print(f"{table.table}: {table.kept:,} rows kept, {table.lost:,} lost")
    for line in repaired.done:
        print(line)


def _told(report: Report, offer: bool) -> int:
    for finding in report.findings:
        print(finding)
    rows = ", ".join(f"{count:,} {name}" for name, count in report.rows.items())
    used = " Another process is working with it." if report.in_use else ""
    if report.sound:
        print(f"{report.path} is sound: {rows}.{used}")
        return 0
    count = sum(finding.kind != "note" for finding in report.findings)
    mend = " `fastheur ledger check` with repair=true keeps a copy and mends what can be mended." if offer else ""
    print(f"{report.path}: {count:,} findings; {rows}.{used}{mend}")
    return UNSOUND


def _existing(ledger: Any) -> Path:
    """Return the file that ``ledger`` names: itself, or the ledger of a run folder or a run's name."""
    if ledger is not None and Path(ledger).is_file():
        return Path(ledger)
    try:
        return find_run(str(ledger)) / LEDGER
    except ConfigError as error:
        raise ConfigError(
            f"There is no ledger {ledger}; `fastheur eval` makes it, or name another with ledger=FILE or ledger=RUN."
        ) from error


_ACTIONS = {"export": _export, "import": _import, "check": _check}
