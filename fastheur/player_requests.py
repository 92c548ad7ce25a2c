"""What the player process can be asked: check a policy, describe the task, play episodes, probe, trace and show.

Sources come with every request; what was compiled for one stays loaded for the next.
"""

import time
import traceback
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from fastheur.engine import Engine
from fastheur.engines import make_engine, step_cap
from fastheur.errors import FastheurError
from fastheur.hopeless import StallRule
from fastheur.host import Candidate
from fastheur.limits import Limits
from fastheur.operations import Answer
from fastheur.places import Place, find_place, rest
from fastheur.probing import probe
from fastheur.recorder import Recorder
from fastheur.replaying.album import album
from fastheur.rollout import Episode, Job, rollout
from fastheur.tasks import Protocol, Task, environment_from, protocol_from
from fastheur.tracing import trace

Send = Callable[[dict[str, Any]], None]


def serve(request: Mapping[str, Any], send: Send) -> None:
    """Answer one request with ``{"done": ...}`` or ``{"error": ...}``, after any number of ``{"episode": ...}``."""
    try:
        _place(request).begin()  # it gets ready while the engine does
        done = _REQUESTS[request["do"]](request, send)
    except (Exception, SystemExit) as error:
        known = isinstance(error, FastheurError)
        message = str(error) if known else f"{type(error).__name__}: {error}"
        if not known:
            traceback.print_exc()
        kind = type(error).__name__ if known else "FastheurError"
        send({"error": {"kind": kind, "message": message, "line": getattr(error, "line", None)}})
    else:
        send({"done": done})
    finally:
        rest()


def _check(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    """Load a policy, and compile it for the task: what it declares, without a step."""
    task, protocol = _task(request)
    place = _place(request)
    policy = place.load(request["source"], request["name"])
    engine = _engine(request, task, protocol)
    place.host([Candidate(policy, policy.values())], engine.spec, 1)
    return {
        "style": policy.style,
        "params": {name: _declared(param) for name, param in policy.params.items()},
        "values": policy.values(),
        "state": [str(entry[0]) for entry in policy.state],
        "plans": policy.plans,
    }


def _declared(param: Any) -> dict[str, Any]:
    return {**asdict(param), "choices": list(param.choices)}


def _describe(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    """Say what the task looks like to a policy."""
    task, protocol = _task(request)
    engine = _engine(request, task, protocol)
    spec = engine.spec
    return {
        "engine": engine.name,
        "observation": spec.obs_text,
        "action": str(spec.action),
        "kind": spec.action.kind,
        "meanings": list(spec.action.meanings),
        "actions": spec.action.n or spec.action.size,
        "info": list(spec.info_dtype.names or ()),
        "cap": step_cap(task, protocol),
        "model": spec.model is not None,
    }


def _isolate(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    """Say what stands between a policy and the machine; an error where the level cannot be had."""
    return dict(_place(request).stamp)


def _play(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    """Play the jobs ``[candidate, index, seed]`` and send every episode as it ends."""
    task, protocol = _task(request)
    place = _place(request)
    policies = [place.load(request["sources"][one["sha256"]], one["name"]) for one in request["candidates"]]
    candidates = [
        Candidate(policy, policy.values(one["values"]))
        for policy, one in zip(policies, request["candidates"], strict=True)
    ]
    jobs = [Job(*job) for job in request["jobs"]]
    slots = min(request["slots"], len(jobs))
    began = time.perf_counter()
    engine = _engine(request, task, protocol)
    lanes = engine.default_lanes(slots)
    engine.prepare(slots, lanes)
    host = place.host(candidates, engine.spec, slots)
    recorder = Recorder() if request["record"] else None
    stop = None if request["stall"] is None else StallRule(request["stall"], request["cap"])
    stepping = time.perf_counter()
    for episode in rollout(engine, host, jobs, slots, lanes=lanes, stop=stop, recorder=recorder):
        send({"episode": asdict(episode), "record": _record_of(recorder, episode)})
    now = time.perf_counter()
    return {
        "engine": engine.name,
        "threads": engine.threads,
        "slots": slots,
        "wall_s": now - stepping - engine.build_s,
        "setup_s": stepping - began + engine.build_s,
    }


def _record_of(recorder: Recorder | None, episode: Episode) -> dict[str, Any] | None:
    """Take the record of an episode that has just ended."""
    if recorder is None:
        return None
    ended = (episode.candidate, episode.index)
    place = next(at for at, one in enumerate(recorder.records) if (one.candidate, one.index) == ended)
    return recorder.records.pop(place).to_dict()


def _probe(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    task, protocol = _task(request)
    return _sent(
        probe(
            task,
            protocol,
            request["kind"],
            steps=request["steps"],
            seed=request["seed"],
            action=request["action"],
            after=request["after"],
            engine=request["engine"],
        )
    )


def _trace(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    task, protocol = _task(request)
    place = _place(request)
    policy = place.load(request["source"], request["name"])
    return _sent(
        trace(
            task,
            protocol,
            Candidate(policy, policy.values(request["values"])),
            index=request["episode"],
            seed=request["seed"],
            around=request["around"],
            life=request["life"],
            last=request["last"],
            every=request["every"],
            step=request["step"],
            entries=request["entries"],
            engine=request["engine"],
            place=place,
        )
    )


def _replay(request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    task, protocol = _task(request)
    place = _place(request)
    policy = place.load(request["source"], request["name"])
    candidate = Candidate(policy, policy.values(request["values"]))
    return _sent(
        album(
            task,
            protocol,
            candidate,
            index=request["episode"],
            seed=request["seed"],
            tiles=request["tiles"],
            steps=request["steps"],
            place=place,
        )
    )


def _sent(answer: Answer) -> dict[str, Any]:
    pictures = [[picture.caption, b64encode(picture.png).decode("ascii")] for picture in answer.pictures]
    return {"text": answer.text, "data": dict(answer.data), "pictures": pictures}


_REQUESTS: dict[str, Callable[[Mapping[str, Any], Send], dict[str, Any]]] = {
    "check": _check,
    "describe": _describe,
    "isolate": _isolate,
    "play": _play,
    "probe": _probe,
    "trace": _trace,
    "replay": _replay,
}


def _task(request: Mapping[str, Any]) -> tuple[Task, Protocol]:
    environment = environment_from(request["env"])
    return Task(environment, request["mode"]), protocol_from(request["protocol"])


def _engine(request: Mapping[str, Any], task: Task, protocol: Protocol) -> Engine:
    return make_engine(request["engine"], task, protocol, request["threads"])


def _place(request: Mapping[str, Any]) -> Place:
    return find_place(request["isolation"], Limits(**request["limits"]))
