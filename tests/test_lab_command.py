"""`fastheur lab`: every operation from a shell, values taken as they stand, pictures as files, one message for bad input."""

import json

import pytest
import yaml
from doors import PNG, ToyDoor

from fastheur.cli import main
from fastheur.lab_server import DoorServer
from fastheur.operations import OPERATIONS
from fastheur.resources import CONF

GOOD = "def act(obs, info, state, params):\n    return 0\n"


@pytest.fixture
def door(tmp_path, monkeypatch):
    """A door that is served for the run ``one`` in the present folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.py").write_text(GOOD)
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "ledger.db").touch()
    door = ToyDoor()
    with DoorServer(door, "runs/one/lab.sock"):
        yield door


def lab(*words, capsys):
    code = main(["lab", *words])
    out, err = capsys.readouterr()
    return code, out, err


CALLS = [
    ("brief", [], {}),
    ("probe", ["ram", "steps=50"], {"kind": "ram", "steps": 50}),
    ("probe", ["kind=actions", "action=2"], {"kind": "actions", "action": 2}),
    ("trial", ["p.py", "a, 'b' = \"c\" ${d}"], {"source": GOOD, "hypothesis": "a, 'b' = \"c\" ${d}"}),
    ("trial", ["p.py", "hypothesis=x=1, y", "episodes=3"], {"source": GOOD, "hypothesis": "x=1, y", "episodes": 3}),
    ("trial", ["p.py", "h", "protocol=weng2026", "max_steps=900"], {"protocol": "weng2026", "max_steps": 900}),
    ("trial", ["source=p.py", "hypothesis=h", "allow_loss=g1, g2"], {"allow_loss": ["g1", "g2"]}),
    ("trial", ["p.py", "h", 'allow_loss=["a,b"]'], {"allow_loss": ["a,b"]}),
    ("search", ["p.py", "900", 'space={"gain": [0, 2.5]}'], {"steps": 900, "space": {"gain": [0, 2.5]}}),
    ("search", ["p.py", "steps=900", "space={side: {choices: [1, 2]}}"], {"space": {"side": {"choices": [1, 2]}}}),
    (
        "search",
        ["p.py", "900", "space={off: [0, 2], y: {choices: [true]}}"],
        {"space": {"off": [0, 2], "y": {"choices": [True]}}},
    ),
    ("trace", ["3", "0", "step=9", "entries=99,ball_x"], {"trial": 3, "step": 9, "entries": ["99", "ball_x"]}),
    ("trace", ["3", "0", "around=end"], {"trial": 3, "episode": 0, "around": "end", "last": 30}),
    ("replay", ["3", "0", "tiles=4"], {"trial": 3, "episode": 0, "tiles": 4}),
    ("replay", ["3", "0", "steps=300,900"], {"steps": [300, 900]}),
    ("note", ["gain=2 is better: [1, 2"], {"text": "gain=2 is better: [1, 2", "summary": False}),
    ("note", ["text=null", "summary=true"], {"text": "null", "summary": True}),
    ("note", ["--help me\nsecond line"], {"text": "--help me\nsecond line"}),
    ("note", ["caf\udce9"], {"text": "caf\ufffd"}),
    ("failed_direction", ["12"], {"text": "12"}),
    ("golden", ["first", "0", "12.5", "max_steps=10"], {"name": "first", "episode": 0, "floor": 12.5, "max_steps": 10}),
    ("finish", ["no more ideas"], {"reason": "no more ideas"}),
]


@pytest.mark.parametrize("name, words, expected", CALLS)
def test_bare_values_and_settings_become_the_arguments(name, words, expected, door, capsys):
    code, out, err = lab("one", name, *words, capsys=capsys)
    assert (code, err) == (0, "") and out.startswith(f"did {name}")
    assert len(door.calls) == 1 and door.calls[0][0] == name
    assert expected.items() <= door.calls[0][1].items()


def test_every_operation_can_be_done_and_is_in_the_help(capsys):
    assert {name for name, _, _ in CALLS} == set(OPERATIONS)
    assert main(["lab", "--help"]) == 0
    text = capsys.readouterr().out
    for name, operation in OPERATIONS.items():
        assert f"RUN {name}" in text
        for argument in operation.arguments:
            in_capitals = argument in operation.required or argument == "source"
            assert in_capitals or f"{argument}=" in text, f"the help of lab does not show {argument} of {name}"
    assert yaml.safe_load((CONF / "lab.yaml").read_text()) == {"json": False}


def test_pictures_become_files_that_the_text_names(door, tmp_path, capsys):
    first, second = (lab("one", "probe", "frame", capsys=capsys)[1] for _ in range(2))
    assert "Picture runs/one/pictures/probe-1.png: The game at the start." in first
    assert "runs/one/pictures/probe-2.png" in second
    assert (tmp_path / "runs/one/pictures/probe-1.png").read_bytes() == PNG


def test_json_is_the_whole_answer(door, capsys):
    answer = json.loads(lab("one", "probe", "frame", "json=true", capsys=capsys)[1])
    assert answer["text"] == "did probe" and answer["data"]["given"]["kind"] == "frame" and answer["over"] is None
    assert answer["pictures"] == [{"file": "runs/one/pictures/probe-1.png", "caption": "The game at the start."}]
    assert json.loads(lab("one", "finish", "x", "json=true", capsys=capsys)[1])["over"] == "finished: x"


def test_the_end_of_the_run_is_shown_once_and_then_refused(door, tmp_path, capsys):
    assert lab(str(tmp_path / "runs/one"), "finish", "x", capsys=capsys)[1].endswith("The run has ended: finished: x\n")
    code, out, err = lab("one", "brief", capsys=capsys)
    assert (code, out) == (2, "") and "finished: x" in err


BAD = [
    ([], "takes RUN OPERATION"),
    (["one"], "takes RUN OPERATION"),
    (["two", "brief"], "There is no run 'two'"),
    (["one", "tral"], "Did you mean trial"),
    (["one", "brief", "now"], "brief takes no bare values and json=; found 'now'"),
    (["one", "probe"], "probe needs kind"),
    (["one", "probe", "ram", "stps=3"], "found 'ram' 'stps=3'"),
    (["one", "probe", "ram", "steps=many"], "steps is 'many', expected an integer"),
    (["one", "probe", "ram", "kind=ram"], "kind is given twice"),
    (["one", "note", "two", "words"], "Put quotes around a text"),
    (["one", "note", "x", "summary=perhaps"], "summary is 'perhaps', expected a boolean"),
    (["one", "note", "x", "json=perhaps"], "json is 'perhaps', expected true or false"),
    (["one", "search", "p.py", "9", "space={a: [1"], "space is '{a: [1', expected an object"),
    (["one", "trial", "missing.py", "h"], "Cannot read the policy file missing.py"),
    (["one", "trial", "junk.py", "h"], "junk.py is no text"),
    (["one", "trial", "large.py", "h"], "large.py has 16 MB or more"),
    (["one", "trial", "prose.py", "h"], "There is no act in the file"),
    (["lonely", "brief"], "No supervisor listens for"),
]


@pytest.mark.parametrize("words, message", BAD, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_bad_input_is_answered_with_one_message_and_exit_code_2(words, message, door, tmp_path, capsys):
    (tmp_path / "runs" / "lonely").mkdir()
    (tmp_path / "runs" / "lonely" / "ledger.db").touch()
    (tmp_path / "junk.py").write_bytes(bytes(range(256)))
    (tmp_path / "prose.py").write_text("Here is the policy you asked for.")
    with (tmp_path / "large.py").open("wb") as file:
        file.truncate(50 << 20)
    code, out, err = lab(*words, capsys=capsys)
    assert (code, out) == (2, "") and message in err and err.startswith("fastheur: ")
    assert not door.calls
