"""Everything in a ledger goes out into one file and back in, bit by bit; a damaged file is refused."""

import hashlib
import json
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from fastheur.cli import main
from fastheur.errors import LedgerError
from fastheur.ledger_check import check
from fastheur.ledger_transfer import FORMAT, export_all, import_all
from fastheur.run_ledger import RunLedger
from fastheur.schema import SCHEMA_VERSION

ODD = [0.1, -0.0, 1e-320, 1.7976931348623157e308, float("inf"), 2**53 + 0.0, 1 / 3, -12345.678]
TEXTS = ["", "ü\n\u2028\x00'\"", "\U0001f600 done", "null", "0x1p+0", '{"float": "0x1p+0"}']


@pytest.fixture
def path(tmp_path):
    """A run's ledger with odd values in every kind of column."""
    path = tmp_path / "ledger.db"
    with RunLedger(path) as ledger, ledger.at_once("fill"):
        db = ledger._db
        for number, text in enumerate(TEXTS):
            db.execute("INSERT INTO policies VALUES (?, ?, ?)", (f"{number}", text, text))
        db.execute("INSERT INTO run_operations VALUES (9223372036854775806, 'a', '{}', 'done', NULL, 0.1, NULL)")
        db.execute("INSERT INTO run_reservations VALUES (7, 9223372036854775806, 'train', 100, 50, 9007199254740993)")
        for value in ODD:
            ledger.charge(None if value < 0 else 2**62, value)
            db.execute(
                "INSERT INTO trials (started, status, name, env_id, obs_mode, protocol, split, protocol_args, policy_sha256, "
                "params, warm, isolation, debug, slots, threads, versions, notes, finished, cpu_s) "
                "VALUES (0.5, 'failed', 'n', 'e', 'm', 'p', 's', '{}', '2', '{}', 0, 'none', 0, 1, 1, '{}', '', ?, ?)",
                (value, b"\x00\xff"),
            )
        ledger.keep("k", TEXTS)
        ledger.put(config={"a": 1})
        db.execute("DELETE FROM trials WHERE trial > 6")  # numbers that were given stay given
        db.execute("DELETE FROM policies WHERE sha256 = '1'")
    return path


def content(path):
    with closing(sqlite3.connect(path)) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {
            name: [
                [(type(value), value.hex() if isinstance(value, float) else value) for value in row]
                for row in db.execute(f"SELECT rowid, * FROM {name} ORDER BY rowid")
            ]
            for name in names
        }


def test_out_in_and_out_again_gives_the_same_bytes_and_every_value(path, tmp_path):
    count = export_all(path, tmp_path / "one.jsonl")
    assert import_all(tmp_path / "one.jsonl", tmp_path / "new" / "ledger.db") == count > 20
    assert content(tmp_path / "new" / "ledger.db") == content(path)
    export_all(tmp_path / "new" / "ledger.db", tmp_path / "two.jsonl")
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == ["ledger.db"]
    header = json.loads((tmp_path / "one.jsonl").read_text().splitlines()[0])
    assert header["tables"]["run_charges"] == {"columns": ["at", "tokens", "money"], "rows": len(ODD)}


def test_an_imported_ledger_goes_on_as_the_first_would(path, tmp_path):
    export_all(path, tmp_path / "one.jsonl")
    import_all(tmp_path / "one.jsonl", tmp_path / "new.db")
    numbers = []
    for file in (path, tmp_path / "new.db"):
        with RunLedger(file) as ledger:
            ledger.keep("k", 1)
            numbers.append(ledger._db.execute("SELECT seq FROM sqlite_sequence ORDER BY name").fetchall())
            assert ledger._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert [tuple(row) for row in numbers[0]] == [tuple(row) for row in numbers[1]]


def test_a_file_that_was_cut_or_changed_anywhere_is_refused_and_nothing_is_made(path, tmp_path):
    export_all(path, tmp_path / "one.jsonl")
    data = (tmp_path / "one.jsonl").read_bytes()
    draw = random.Random(1)
    damaged = [data[: draw.randrange(len(data))] for _ in range(40)] + [b"", data[:-1], data + b"\n", data * 2]
    for _ in range(40):
        place = draw.randrange(len(data) - 1)
        damaged.append(data[:place] + bytes([data[place] ^ 1 << draw.randrange(7)]) + data[place + 1 :])
    lines = data.splitlines(keepends=True)
    damaged += [b"".join(lines[:5] + lines[6:]), b"".join([*lines[:5], lines[6], lines[5], *lines[7:]])]
    for number, bad in enumerate(damaged):
        (tmp_path / "bad.jsonl").write_bytes(bad)
        with pytest.raises(LedgerError, match=r"damaged|no end|no full export"):
            import_all(tmp_path / "bad.jsonl", tmp_path / "new.db")
        assert not list(tmp_path.glob("new.db*")), number


FORGED = [
    [{}],
    [{"format": FORMAT}],
    [{"format": FORMAT, "schema": SCHEMA_VERSION, "run": False, "tables": {}}],
    [{"format": FORMAT, "schema": SCHEMA_VERSION + 1, "fastheur": "9"}],
]


@pytest.mark.parametrize("lines", FORGED)
def test_a_whole_file_that_is_no_export_is_refused(tmp_path, lines):
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    end = {"lines": len(lines), "sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / "forged.jsonl").write_bytes(data + json.dumps(end).encode() + b"\n")
    with pytest.raises(LedgerError, match=r"no full export|other columns|this fastheur imports"):
        import_all(tmp_path / "forged.jsonl", tmp_path / "new.db")
    assert not list(tmp_path.glob("new.db*"))


def test_a_target_that_holds_something_is_left_alone(path, tmp_path):
    export_all(path, tmp_path / "one.jsonl")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="is there already"):
        import_all(tmp_path / "one.jsonl", path)
    assert path.read_bytes() == before
    with pytest.raises(LedgerError, match="is there already"):
        import_all(tmp_path / "one.jsonl", tmp_path)
    (tmp_path / "empty.db").write_bytes(b"")
    assert import_all(tmp_path / "one.jsonl", tmp_path / "empty.db")


def test_an_import_that_is_killed_leaves_no_ledger(path, tmp_path):
    export_all(path, tmp_path / "one.jsonl")
    code = (
        "import os, signal, sys; from pathlib import Path; from fastheur import ledger_transfer\n"
        "real, calls = ledger_transfer._read, []\n"
        "ledger_transfer._read = lambda value: calls.append(1) or len(calls) > 60 and os.kill(os.getpid(), 9) or real(value)\n"
        "ledger_transfer.import_all(*map(Path, sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "one.jsonl"), str(tmp_path / "new.db")]
    assert subprocess.run(command).returncode == -signal.SIGKILL
    assert not (tmp_path / "new.db").exists()
    import_all(tmp_path / "one.jsonl", tmp_path / "new.db")
    assert content(tmp_path / "new.db") == content(path)


def test_what_only_the_step_meter_knows_is_not_exported(path, tmp_path):
    with RunLedger(path) as ledger:
        ledger._db.execute("UPDATE run_reservations SET steps = NULL")
    with pytest.raises(LedgerError, match="1 reservations that are not settled"):
        export_all(path, tmp_path / "one.jsonl")
    assert not list(tmp_path.glob("one.jsonl*"))


def test_the_commands(path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["ledger", "export", "ledger=ledger.db", "format=full", "out=a, b.jsonl"]) == 0
    assert main(["ledger", "import", "file=a, b.jsonl", "ledger=new.db"]) == 0
    assert capsys.readouterr().out.count(" rows in ") == 2
    assert content(path) == content(tmp_path / "new.db") and not check(tmp_path / "new.db").damaged
    for words, found in {
        ("export", "ledger=ledger.db", "format=full"): "out=FILE",
        ("export", "ledger=ledger.db", "format=full", "out=x", "fold=true"): "takes everything",
        ("export", "ledger=ledger.db", "format=full", "out=ledger.db"): "is the ledger",
        ("export", "ledger=ledger.db", "format=full", "out=/dev/null"): "no plain file",
        ("export", "ledger=ledger.db", "format=csv"): "expected one of records, full",
        ("import", "ledger=new2.db"): "wants file=FILE",
        ("import", "file=none", "ledger=new2.db"): "No such file",
        ("import", "file=ledger.db", "ledger=new2.db"): "no end",
    }.items():
        assert main(["ledger", *words]) == 2
        assert found in capsys.readouterr().err
    assert main(["ledger", "export", "ledger=ledger.db", "out=records"]) == 0
    assert sorted(file.name for file in (tmp_path / "records").iterdir()) == ["summary.csv", "trials.jsonl"]
