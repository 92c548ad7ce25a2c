"""A real HTTP server on loopback that speaks the Responses API, with answers scripted by a test.

Conventions: requests are refused for what the real endpoint refuses (no key, a call without its output, an output without
its call, a thought without what it led to, no strict flag); answers are streamed as server-sent events in HTTP/1.1 chunks.
A script that is used up is an error, so that no test passes with more requests than it meant.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

KEY = "test-key"
Step = Callable[["Handler", dict], None]


def says(text):
    """Return an output item: a message."""
    return {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }


def calls(name, arguments=None, call_id=None, **named):
    """Return an output item: a function call with ``named`` arguments, or with raw ``arguments`` text."""
    text = json.dumps(named) if arguments is None else arguments
    item = {"type": "function_call", "name": name, "arguments": text}
    return item if call_id is None else {**item, "call_id": call_id}


def thinks(text):
    """Return an output item: a reasoning item with a summary."""
    return {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}], "encrypted_content": "opaque"}


def answer(*output, tokens=(100, 0, 10), cut=None, status=None, error=None) -> Step:
    """Stream ``output``; ``tokens`` are input, cached input and output, None for no usage; ``cut`` is why it is incomplete."""

    def step(handler, body):
        handler.stream(handler.events(output, tokens, status or ("incomplete" if cut else "completed"), cut, error))

    return step


def failed(code, message="The model failed.", tokens=(100, 0, 10)) -> Step:
    """Begin an answer that ends in ``response.failed``."""
    return answer(tokens=tokens, status="failed", error={"code": code, "message": message})


def reports(code, message) -> Step:
    """Begin an answer, then send an ``error`` event."""

    def step(handler, body):
        created = next(handler.events((), None, "completed", None, None))
        handler.stream([created, {"type": "error", "code": code, "message": message, "param": None}])

    return step


def breaks(*output, clean=False) -> Step:
    """Stream the first half of an answer, then close the connection; ``clean``: as if it were complete HTTP."""

    def step(handler, body):
        events = list(handler.events(output, (100, 0, 10), "completed", None, None))
        handler.stream(events[: len(events) // 2], finish=clean)
        handler.close_connection = True

    return step


def refuses(status, message, code=None, **headers) -> Step:
    """Refuse with an HTTP status; ``retry_after="1"`` becomes the header Retry-After."""

    def step(handler, body):
        handler.refuse(status, message, code, {name.replace("_", "-"): value for name, value in headers.items()})

    return step


def is_silent(seconds, first: Step | None = None) -> Step:
    """Say nothing for so long, after what ``first`` has sent, and close."""

    def step(handler, body):
        if first is not None:
            first(handler, body)
        handler.server.over.wait(seconds)
        handler.close_connection = True

    return step


def drips(*output, seconds) -> Step:
    """Stream an answer with a pause after each event."""

    def step(handler, body):
        def slowly():
            for event in handler.events(output, (100, 0, 10), "completed", None, None):
                yield event
                handler.server.over.wait(seconds)

        with suppress(OSError):  # the client may have left
            handler.stream(slowly())

    return step


def sends(content, kind="text/event-stream") -> Step:
    """Answer with these bytes, whatever they are."""

    def step(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return step


class ResponsesServer:
    """The server; ``requests`` are the bodies it took, ``times`` when, ``url`` what base_url should be.

    Args:
        script: what it does with one request after the other. context: the longest input in characters of JSON.
        images: whether it takes pictures.
    """

    def __init__(self, *script: Step, context=None, images=True):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.script, self._server.context, self._server.images = list(script), context, images
        self._server.requests, self._server.times, self._server.refused = [], [], []
        self._server.numbers, self._server.over = count(), threading.Event()
        self.requests, self.times, self.refused = self._server.requests, self._server.times, self._server.refused
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def left(self):
        """Number of steps of the script that were not asked for."""
        return len(self._server.script)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.over.set()
        self._server.shutdown()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Keep the test's output clean."""

    def do_POST(self):
        """Check a request as the real endpoint does, then follow the script."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.times.append(time.monotonic())
        if self.path != "/v1/responses":
            return self.refuse(404, f"Unknown request URL: POST {self.path}.", "unknown_url")
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return self.refuse(401, "Incorrect API key provided.", "invalid_api_key")
        wrong = self.wrong(body)
        if wrong:
            self.server.refused.append(wrong)
            return self.refuse(400, *wrong)
        if not self.server.script:
            return self.refuse(400, "The script of this test is used up.", "used_up")
        return self.server.script.pop(0)(self, body)

    def wrong(self, body):
        """Return message and code of what the real endpoint would refuse, or None."""
        if not body.get("stream") or not body.get("model") or body.get("store") is not False:
            return "Expected stream=true, store=false and a model.", None
        if any("strict" not in tool or tool["type"] != "function" for tool in body["tools"]):
            return "Missing required parameter: 'tools[0].strict'.", None
        waiting, before = set(), None
        for item in body["input"]:
            kind = item.get("type", "message")
            led_to = kind in ("function_call", "reasoning") or item.get("role") == "assistant"
            if before == "reasoning" and not led_to:
                return "Item of type 'reasoning' was provided without its required following item.", None
            if kind == "function_call":
                waiting.add(item["call_id"])
            elif kind == "function_call_output":
                if item["call_id"] not in waiting:
                    return f"No tool call found for function call output with call_id {item['call_id']}.", None
                waiting.remove(item["call_id"])
            elif kind == "message" and waiting:
                break
            before = kind
        if waiting:
            return f"No tool output found for function call {waiting.pop()}.", None
        if self.server.context and len(json.dumps(body["input"])) > self.server.context:
            return "Your input exceeds the context window of this model.", "context_length_exceeded"
        if not self.server.images and "input_image" in json.dumps(body["input"]):
            return "Invalid 'input': this model does not support image inputs.", "invalid_value"
        return None

    def refuse(self, status, message, code, headers=None):
        """Answer with an error object."""
        content = json.dumps({"error": {"message": message, "type": "error", "param": None, "code": code}}).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def stream(self, events, finish=True):
        """Send events in chunks; without ``finish`` the last chunk is missing."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(events):
            text = json.dumps({**event, "sequence_number": number})
            data = f"event: {event['type']}\ndata: {text}\n\n".encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        if finish:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def events(self, output, tokens, status, cut, error) -> Iterator[dict]:
        """Yield the events of one answer, in the real one's order."""
        number = next(self.server.numbers)
        done = []
        yield {"type": "response.created", "response": _response(number, "in_progress", [], None)}
        yield {"type": "response.in_progress", "response": _response(number, "in_progress", [], None)}
        for index, item in enumerate(output):
            whole = {"id": f"item_{number}_{index}", "status": "completed", **item}
            if item["type"] == "function_call":
                whole = {"call_id": f"call_{number}_{index}", **whole}
            place = {"item_id": whole["id"], "output_index": index}
            empty = {"function_call": {"arguments": ""}, "message": {"content": []}, "reasoning": {"summary": []}}
            begun = {**whole, "status": "in_progress", **empty[item["type"]]}
            yield {"type": "response.output_item.added", "output_index": index, "item": begun}
            yield from _parts(whole, place)
            yield {"type": "response.output_item.done", "output_index": index, "item": whole}
            done.append(whole)
        last = _response(number, status, done, tokens)
        last["incomplete_details"] = {"reason": cut} if cut else None
        last["error"] = error
        yield {"type": f"response.{status}", "response": last}


def _parts(item, place):
    if item["type"] == "function_call":
        text = str(item["arguments"])
        for start in range(0, len(text), 20):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": text[start : start + 20]}
        yield {"type": "response.function_call_arguments.done", **place, "arguments": text, "name": item["name"]}
    elif item["type"] == "message":
        part, place = item["content"][0], {**place, "content_index": 0}
        yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
        for word in part["text"].split(" "):
            yield {"type": "response.output_text.delta", **place, "delta": f"{word} ", "logprobs": []}
        yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
        yield {"type": "response.content_part.done", **place, "part": part}
    else:
        part, place = item["summary"][0], {**place, "summary_index": 0}
        yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
        yield {"type": "response.reasoning_summary_text.delta", **place, "delta": part["text"]}
        yield {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
        yield {"type": "response.reasoning_summary_part.done", **place, "part": part}


def _response(number, status, output, tokens):
    usage = tokens and {
        "input_tokens": tokens[0],
        "input_tokens_details": {"cached_tokens": tokens[1]},
        "output_tokens": tokens[2],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens[0] + tokens[2],
    }
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 0,
        "model": "scripted",
        "status": status,
        "output": output,
        "usage": usage,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
    }
