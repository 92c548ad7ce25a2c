"""Exported tables come back as they were, in every format; a file is whole or as it was."""

import csv
import json

import pyarrow
import pyarrow.csv
import pyarrow.parquet
import pytest
from test_run_tables import HARD, runs  # noqa: F401

from fastheur.cli import main
from fastheur.run_tables import load

NAMES = ("trials", "episodes", "versions", "operations", "golden", "outcomes", "memory", "charges", "reservations")


@pytest.fixture
def run(runs):  # noqa: F811
    """The folder of a confirmed run."""
    return runs[3]


def exported(run, out, **settings):
    assert main(["export", str(run), f"out={out}", *(f"{name}={value}" for name, value in settings.items())]) == 0
    return out


def test_parquet_keeps_every_type_and_value(run, tmp_path):
    exported(run, tmp_path / "out")
    tables = load(run)
    for name in NAMES:
        found = pyarrow.parquet.read_table(tmp_path / "out" / f"{name}.parquet")
        assert found.schema.equals(tables.table(name).schema) and found.equals(tables.table(name)), name


def test_csv_comes_back_with_the_types_it_had(run, tmp_path):
    exported(run, tmp_path / "out", format="csv")
    tables = load(run)
    for name in NAMES:
        wanted = tables.table(name)
        options = pyarrow.csv.ConvertOptions(
            column_types=wanted.schema, strings_can_be_null=True, quoted_strings_can_be_null=False
        )
        parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
        found = pyarrow.csv.read_csv(tmp_path / "out" / f"{name}.csv", parse_options=parse, convert_options=options)
        assert found.equals(wanted), name
    with (tmp_path / "out" / "versions.csv").open(newline="", encoding="utf-8") as file:
        assert HARD in [row["hypothesis"] for row in csv.DictReader(file)]


def test_json_lines_have_values_and_nulls(run, tmp_path):
    exported(run, tmp_path / "out", format="jsonl")
    tables = load(run)
    for name in NAMES:
        text = (tmp_path / "out" / f"{name}.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        table, parsed = tables.table(name), tables.json_columns(name)
        assert len(rows) == len(table)
        for row, wanted in zip(rows, table.to_pylist(), strict=True):
            assert list(row) == table.column_names
            for column, value in wanted.items():
                if column in parsed:
                    assert row[column] == (value and json.loads(value))
                elif not pyarrow.types.is_timestamp(table.schema.field(column).type):
                    assert row[column] == value
    assert HARD in [json.loads(line)["text"] for line in (tmp_path / "out/memory.jsonl").read_text().splitlines()]
    assert json.loads((tmp_path / "out/trials.jsonl").read_text().splitlines()[0])["started"].endswith("Z")


def test_one_table_and_the_default_folder(run, capsys):
    assert main(["export", str(run), "table=episodes", "format=csv"]) == 0
    assert [path.name for path in (run / "export").iterdir()] == ["episodes.csv"]
    assert capsys.readouterr().out == f"{run / 'export' / 'episodes.csv'}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["format=xlsx"], "format is 'xlsx', expected one of parquet, csv, jsonl"),
        (["table=trial"], "no table 'trial'"),
        (["out=FILE/x"], "Cannot write"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_no_file(run, tmp_path, capsys, words, said):
    (tmp_path / "file").write_text("")
    out = tmp_path / "out"
    words = [word.replace("FILE", str(tmp_path / "file")) for word in words]
    assert main(["export", str(run), f"out={out}", *words]) == 2
    assert said in capsys.readouterr().err and not out.exists()


def test_a_file_that_cannot_be_finished_leaves_the_old_one(run, tmp_path, monkeypatch, capsys):
    exported(run, tmp_path, table="memory")
    before = (tmp_path / "memory.parquet").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["export", str(run), f"out={tmp_path}", "table=memory"]) == 2
    assert "No space left" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["memory.parquet"]
    assert (tmp_path / "memory.parquet").read_bytes() == before
