"""The Lab's socket: the same answers and errors as the door itself, one operation at a time, no client harms another."""

import os
import socket
import stat
import struct
import threading
import time

import pytest
from doors import PNG, ToyDoor

from fastheur import lab_server, sockets
from fastheur.errors import ActionError, ConfigError, EngineError, FastheurError, LedgerError, PolicyError, RunOver
from fastheur.lab_client import DoorClient
from fastheur.lab_server import DoorServer

GOOD = "def act(obs, info, state, params):\n    return 0\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lab.sock"


@pytest.fixture
def door():
    door = ToyDoor()
    yield door
    door.go.set()


@pytest.fixture
def server(door, path):
    with DoorServer(door, path) as server:
        yield server


def note(text):
    return ("note", {"text": text})


def in_thread(work):
    """Run ``work`` in a thread; returns it, and a list that gets the result or the error."""
    results = []

    def run():
        try:
            results.append(work())
        except Exception as error:
            results.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, results


def test_an_answer_comes_over_whole(server, door, path):
    with DoorClient(path) as client:
        answer = client.call("probe", {"kind": "frame"})
        assert answer == door.call("probe", {"kind": "frame"})
        assert answer.pictures[0].png == PNG and answer.data["given"]["steps"] == 600
        assert client.call("finish", {"reason": "done"}).over == "finished: done"


def test_the_other_methods_of_the_door_do_the_same_through_the_socket(server, door, path):
    with DoorClient(path) as client:
        client.charge(12, None)
        client.say("hello")
        client.remember("chat", {"round": 1})
        client.remember("chat", [2, None])
        assert client.recall("chat") == [{"round": 1}, [2, None]] and client.recall("other") == []
    assert door.charged == [(12, None)] and door.said == ["hello"]


@pytest.mark.parametrize(
    "kind", [FastheurError, ConfigError, PolicyError, ActionError, EngineError, LedgerError, RunOver]
)
def test_an_error_arrives_as_the_class_it_was(kind, server, door, path, monkeypatch):
    def fail(*arguments):
        raise kind("what was found, what to do")

    monkeypatch.setattr(door, "call", fail)
    with DoorClient(path) as client, pytest.raises(FastheurError, match="what was found, what to do") as caught:
        client.call("brief", {})
    assert type(caught.value) is kind


def test_a_policy_error_keeps_its_line_and_a_stranger_comes_as_its_nearest_parent(server, door, path, monkeypatch):
    class Stranger(LedgerError):
        pass

    def fail(*arguments):
        raise Stranger("no room on disk")

    with DoorClient(path) as client:
        with pytest.raises(PolicyError) as caught:
            client.call("trial", {"source": "prose", "hypothesis": "none"})
        assert caught.value.line == 3
        monkeypatch.setattr(door, "charge", fail)
        with pytest.raises(LedgerError, match="no room"):
            client.charge(1, 1.0)


def test_a_fault_of_the_lab_is_told_and_the_service_goes_on(server, door, path, monkeypatch, capfd):
    with DoorClient(path) as client:
        with pytest.raises(RuntimeError, match="ZeroDivisionError in the supervisor: a bug of the Lab"):
            client.call(*note("fault"))
        monkeypatch.setattr(door, "recall", lambda kind: [object()])  # no JSON value
        with pytest.raises(RuntimeError, match="TypeError in the supervisor"):
            client.recall("x")
        assert client.call("brief", {}).text == "did brief"
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_the_socket_is_its_owners_alone(server, path, monkeypatch):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    client = DoorClient(path)
    client.say("hello")  # it has been let in
    monkeypatch.setattr(sockets, "peer", lambda connection: (1, os.getuid() + 1))
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(10)
        stranger.connect(str(path))
        assert stranger.recv(1) == b""  # sent off without a word
    with pytest.raises(ConfigError, match="another user"):
        DoorClient(path)
    assert client.call("brief", {}).text == "did brief"
    client.close()


def test_operations_of_all_clients_and_of_the_own_process_take_turns(server, door, path):
    running, most, lock = [0], [0], threading.Lock()
    plain = door.call

    def call(operation, arguments):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.005)
        with lock:
            running[0] -= 1
        return plain(operation, arguments)

    door.call = call

    def client():
        with DoorClient(path) as client:
            return [client.call(*note(str(number))) for number in range(5)]

    threads = [in_thread(client)[0] for _ in range(4)]
    threads.append(in_thread(lambda: [server.door.call("brief", {}) for _ in range(5)])[0])
    for thread in threads:
        thread.join(30)
    assert most == [1] and len(door.calls) == 25


def test_a_client_that_leaves_in_the_middle_harms_nobody(server, door, path):
    leaver = DoorClient(path)
    sockets.send(leaver._connection, {"do": "call", "arguments": list(note("wait"))})
    assert door.began.wait(10)
    leaver.close()
    door.go.set()
    with DoorClient(path) as client:
        assert client.call(*note("after")).text == "did note"
    assert [given["text"] for _, given in door.calls] == ["wait", "after"]


def test_a_source_of_one_megabyte_is_taken_and_fifty_are_refused_before_they_are_sent(server, door, path):
    with DoorClient(path) as client:
        source = GOOD + "#" * (1 << 20)
        assert client.call("trial", {"source": source, "hypothesis": "long"}).data["given"]["source"] == source
        with pytest.raises(ConfigError, match=r"52,\d+,\d+ bytes in one message"):
            client.call("trial", {"source": "x" * (50 << 20), "hypothesis": "too long"})
        assert client.call("brief", {}).text == "did brief"
    assert len(door.calls) == 2


def test_the_server_refuses_junk_politely_and_goes_on(server, path):
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(30)
        raw.connect(str(path))
        raw.sendall(struct.pack("=I", 50 << 20) + b"\xff" * (50 << 20))
        reply, _ = sockets.receive(raw)
        assert reply["error"] == "ConfigError" and "52,428,800 bytes" in reply["message"]
        for message in (
            {},
            {"do": "__init__", "arguments": []},
            {"do": "call", "arguments": {}},
            {"do": [], "arguments": []},
        ):
            sockets.send(raw, message)
            assert sockets.receive(raw)[0]["error"] == "ConfigError"
        raw.sendall(struct.pack("=I", 4) + b"\xff\x00\x01\x02")
        assert raw.recv(1) == b""  # what is no JSON is no client
    with DoorClient(path) as client:
        assert client.call("brief", {}).text == "did brief"


def test_closing_answers_the_operation_that_runs_and_sends_off_all_others(door, path):
    server = DoorServer(door, path)
    idle, running, waiting = (DoorClient(path) for _ in range(3))
    first, done = in_thread(lambda: running.call(*note("wait")))
    assert door.began.wait(10)
    second, refused = in_thread(lambda: waiting.call(*note("never")))
    sockets_sent = time.monotonic() + 0.1
    closing, _ = in_thread(server.close)
    while time.monotonic() < sockets_sent or path.exists():
        time.sleep(0.01)
    door.go.set()
    for thread in (first, second, closing):
        thread.join(10)
        assert not thread.is_alive()
    assert done[0].text == "did note"
    assert isinstance(refused[0], ConfigError) and "nothing was done" in str(refused[0])
    with pytest.raises(ConfigError, match="No supervisor listens"):
        idle.call("brief", {})
    assert [given["text"] for _, given in door.calls] == ["wait"]


def test_a_supervisor_that_dies_in_the_middle_is_told_and_a_new_one_is_found(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    client = DoorClient(path)
    connection = listener.accept()[0]
    thread, results = in_thread(lambda: client.call("brief", {}))
    sockets.receive(connection)
    connection.close()
    listener.close()
    thread.join(10)
    assert isinstance(results[0], ConfigError) and "during the operation; what was stepped stays charged" in str(
        results[0]
    )
    assert f"fastheur learn resume={path.parent}" in str(results[0])
    with pytest.raises(ConfigError, match=f"No supervisor listens for {path.parent}; .*resume="):
        client.call("brief", {})
    with DoorServer(ToyDoor(), path):  # what the dead one left behind is no obstacle
        assert client.call("brief", {}).text == "did brief"


def test_a_run_has_one_supervisor_and_closing_leaves_the_sockets_of_others(server, path):
    with pytest.raises(ConfigError, match="Another process listens"):
        DoorServer(ToyDoor(), path)
    path.unlink()
    with DoorServer(ToyDoor(), path) as second:
        server.close()
        assert path.exists()
        second.close()
        second.close()
        assert not path.exists()


def test_a_path_too_long_for_a_socket_address_is_served(tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    with DoorServer(ToyDoor(), folder / "lab.sock"), DoorClient(folder / "lab.sock") as client:
        assert client.call("brief", {}).text == "did brief"
    with pytest.raises(ConfigError, match="Cannot make the socket"):
        DoorServer(ToyDoor(), tmp_path / "missing" / "lab.sock")


def test_a_server_that_closes_does_not_wait_for_ever(door, path, monkeypatch):
    monkeypatch.setattr(lab_server, "CLOSE_SECONDS", 0.1)
    server = DoorServer(door, path)
    client = DoorClient(path)
    in_thread(lambda: client.call(*note("wait")))
    assert door.began.wait(10)
    began = time.monotonic()
    server.close()
    assert time.monotonic() - began < 5
