"""The openai agent against a real HTTP server that speaks the Responses API: it completes, or ends in good order."""

import json
import time
from email.utils import formatdate
from itertools import pairwise

import pytest
from responses_server import (
    KEY,
    ResponsesServer,
    answer,
    breaks,
    calls,
    drips,
    failed,
    is_silent,
    refuses,
    reports,
    says,
    sends,
    thinks,
)

from fastheur.agents.base import Assignment
from fastheur.agents.openai_agent import OpenAIAgent
from fastheur.errors import AgentError, ConfigError, RunOver
from fastheur.operations import OPERATIONS, Answer, Picture, checked

PNG = b"\x89PNG\r\n\x1a\n not really"
FINISH_CALL = calls("finish", reason="no idea left")
FINISH = answer(FINISH_CALL)
QUICK = {"backoff_s": 0.001, "timeout_s": 5.0, "retries": 3, "effort": None}


class Lab:
    """A door that records what passes through it; ``kept`` outlives it, as the ledger does."""

    def __init__(self, answers=None, kept=None, budget_tokens=None, dies_at=None):
        self.answers = answers or {}
        self.kept = [] if kept is None else kept
        self.budget_tokens = budget_tokens
        self.dies_at = dies_at
        self.calls, self.charges, self.said, self.notes = [], [], [], ["an earlier note"]
        self.over = None

    def call(self, operation, arguments):
        if self.over:
            raise RunOver(self.over)
        if operation == self.dies_at:
            raise KeyboardInterrupt
        arguments = checked(operation, arguments)
        self.calls.append((operation, arguments))
        given = self.answers.get(operation)
        if isinstance(given, Exception):
            raise given
        if operation == "finish":
            self.over = arguments["reason"]
            return Answer("The run has ended.", over=self.over)
        if operation == "note":
            self.notes = [] if arguments["summary"] else self.notes
            self.notes.append(arguments["text"])
        if operation == "brief":
            return given or Answer("Task: catch the ball. Notes: " + "; ".join(self.notes))
        return given or Answer(f"{operation} is done.")

    def charge(self, tokens, money):
        self.charges.append((tokens, money))
        if self.budget_tokens is not None and sum(tokens or 0 for tokens, _ in self.charges) >= self.budget_tokens:
            self.over = "The token budget is spent."
            raise RunOver(self.over)

    def remember(self, kind, content):
        self.kept.append((kind, json.dumps(content)))

    def recall(self, kind):
        return [json.loads(content) for name, content in self.kept if name == kind]

    def say(self, text):
        assert "\n" not in text
        self.said.append(text)

    @property
    def names(self):
        return [name for name, _ in self.calls]


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def run(server, lab, deadline_s=None, **settings):
    assignment = Assignment(None, {**QUICK, "base_url": server.url, **settings}, deadline_s=deadline_s)
    OpenAIAgent().run(lab, assignment)
    return lab


def outputs(request):
    return [item["output"] for item in request["input"] if item.get("type") == "function_call_output"]


def test_a_whole_run_goes_from_the_brief_to_finish():
    script = [
        answer(thinks("The ball comes first."), says("Let me look."), calls("probe", kind="actions")),
        answer(calls("trial", source="def act(): ...", hypothesis="Follow the ball.")),
        FINISH,
    ]
    with ResponsesServer(*script) as server:
        lab = run(server, Lab(), effort="low")
    assert lab.names == ["brief", "probe", "trial", "finish"]
    assert lab.calls[2][1]["source"] == "def act(): ..."
    assert lab.over == "no idea left"
    assert "Task: catch the ball." in server.requests[0]["input"][0]["content"]
    assert outputs(server.requests[2]) == ["probe is done.", "trial is done."]
    thought = next(item for item in server.requests[1]["input"] if item.get("type") == "reasoning")
    assert thought["encrypted_content"] == "opaque", "a model that reasons gets its thoughts back"
    assert [line for line in lab.said if "Follow the ball." in line or "The ball comes first." in line]
    assert server.left == 0 and not server.refused


def test_every_operation_is_offered_as_a_tool():
    with ResponsesServer(FINISH) as server:
        run(server, Lab())
    tools = {tool["name"]: tool for tool in server.requests[0]["tools"]}
    assert list(tools) == list(OPERATIONS)
    assert tools["trial"]["parameters"] == OPERATIONS["trial"].schema


def test_settings_that_are_null_are_not_sent():
    with ResponsesServer(FINISH, FINISH) as server:
        run(server, Lab())
        run(server, Lab(), model="m", effort="high", temperature=0.5, most_output_tokens=99)
    plain, full = server.requests
    assert not {"temperature", "reasoning", "max_output_tokens", "include"} & set(plain)
    assert (full["model"], full["temperature"], full["max_output_tokens"]) == ("m", 0.5, 99)
    assert full["reasoning"] == {"effort": "high"}


def test_parallel_calls_are_done_in_order():
    script = [answer(calls("note", text="a"), calls("failed_direction", text="b"), calls("note", text="c")), FINISH]
    with ResponsesServer(*script) as server:
        lab = run(server, Lab())
    assert [arguments.get("text") for _, arguments in lab.calls[1:4]] == ["a", "b", "c"]
    assert len(outputs(server.requests[1])) == 3


def test_an_endpoint_may_use_a_call_id_again():
    script = [answer(calls("note", call_id="call_0", text=text)) for text in "ab"]
    with ResponsesServer(*script, FINISH) as server:
        run(server, Lab())
    ids = [item["call_id"] for item in server.requests[2]["input"] if item.get("type") == "function_call"]
    assert len(set(ids)) == 2


def test_an_endpoint_may_send_arguments_as_an_object():
    with ResponsesServer(answer(calls("note", arguments={"text": "a"})), FINISH) as server:
        lab = run(server, Lab())
    assert ("note", {"text": "a", "summary": False}) in lab.calls
    assert json.loads(server.requests[1]["input"][1]["arguments"]) == {"text": "a"}


def test_pictures_reach_the_model_as_png():
    lab = Lab({"probe": Answer("a frame", pictures=(Picture("step 7", PNG),))})
    with ResponsesServer(answer(calls("probe", kind="frame")), FINISH) as server:
        run(server, lab)
    text, caption, image = outputs(server.requests[1])[0]
    assert (text["text"], caption["text"]) == ("a frame", "step 7")
    assert image["image_url"].startswith("data:image/png;base64,iVBORw0KGg")


def test_a_refused_picture_is_replaced_by_words_for_good():
    lab = Lab({"probe": Answer("a frame", pictures=(Picture("step 7", PNG),))})
    look = answer(calls("probe", kind="frame"))
    with ResponsesServer(look, look, FINISH, images=False) as server:
        run(server, lab)
    assert lab.over and len(server.refused) == 1
    assert all("a frame" in output and "cannot be shown: step 7" in output for output in outputs(server.requests[-1]))


@pytest.mark.parametrize("step", [failed("invalid_image"), refuses(500, "image input is not supported")])
def test_a_picture_may_be_refused_in_other_ways_too(step):
    lab = Lab({"probe": Answer("a frame", pictures=(Picture("step 7", PNG),))})
    with ResponsesServer(answer(calls("probe", kind="frame")), step, FINISH) as server:
        run(server, lab)
    assert lab.over and "input_image" not in json.dumps(server.requests[-1])


def test_pictures_can_be_turned_off():
    lab = Lab({"probe": Answer("a frame", pictures=(Picture("step 7", PNG),))})
    with ResponsesServer(answer(calls("probe", kind="frame")), FINISH) as server:
        run(server, lab, images=False)
    assert "input_image" not in json.dumps(server.requests) and not server.refused


def test_tokens_and_money_are_charged_after_every_answer():
    script = [answer(calls("note", text="a"), tokens=(1000, 400, 50)), answer(FINISH_CALL, tokens=None)]
    with ResponsesServer(*script) as server:
        lab = run(server, Lab(), price_input=2.0, price_cached=0.5, price_output=10.0)
    assert lab.charges == [(1050, pytest.approx((600 * 2.0 + 400 * 0.5 + 50 * 10.0) / 1e6)), (None, None)]


def test_unknown_prices_are_not_zero():
    with ResponsesServer(FINISH) as server:
        lab = run(server, Lab())
    assert lab.charges == [(110, None)]


def test_failed_and_broken_answers_are_charged_too():
    script = [
        failed("server_error", tokens=(30, 0, 3)),
        breaks(says("half")),
        is_silent(5.0),
        refuses(500, "no"),
        FINISH,
    ]
    with ResponsesServer(*script) as server:
        lab = run(server, Lab(), timeout_s=0.5, retries=4)
    unknown = (None, None)
    assert lab.charges == [(33, None), unknown, unknown, (110, None)], "a plain refusal has taken no tokens"


def test_a_budget_that_ends_mid_way_ends_the_run_and_loses_nothing():
    lab = Lab(budget_tokens=200)
    with ResponsesServer(*[answer(calls("note", text="a"))] * 2) as server, pytest.raises(RunOver, match="budget"):
        run(server, lab)
    assert lab.names == ["brief", "note"]
    later = Lab(kept=lab.kept)
    with ResponsesServer(FINISH) as server:
        run(server, later)
    assert len(outputs(server.requests[0])) == 2, "the answer that spent the budget is still there"


def test_a_run_that_is_over_ends_in_the_middle_of_an_operation():
    lab = Lab({"trial": RunOver("The env steps are spent.")})
    trial = answer(calls("trial", source="s", hypothesis="h"))
    with ResponsesServer(trial) as server, pytest.raises(RunOver, match="env steps"):
        run(server, lab)


def test_retry_after_is_honoured():
    with ResponsesServer(
        refuses(429, "Rate limit reached.", "rate_limit_exceeded", retry_after="0.2"), FINISH
    ) as server:
        run(server, Lab())
    assert server.times[1] - server.times[0] >= 0.2


@pytest.mark.parametrize("header", ["86400", formatdate(time.time() + 86_400, usegmt=True)], ids=["seconds", "date"])
def test_a_retry_after_beyond_patience_ends_the_session_and_says_so(header):
    patience = pytest.raises(AgentError, match=r"asks to wait 8[56],... s .*agent\.most_wait_s")
    with ResponsesServer(refuses(429, "Come back tomorrow.", retry_after=header)) as server, patience:
        run(server, Lab())
    assert len(server.requests) == 1


def test_waits_grow_from_try_to_try():
    with ResponsesServer(*[PASSING["http 500"]] * 3, FINISH) as server:
        run(server, Lab(), backoff_s=0.05)
    first, _, third = (later - one for one, later in pairwise(server.times))
    assert first >= 0.025 and third >= 0.1


def test_a_quota_that_is_spent_is_not_asked_again():
    script = [refuses(429, "You exceeded your current quota.", "insufficient_quota")]
    with ResponsesServer(*script) as server, pytest.raises(AgentError, match="exceeded your current quota"):
        run(server, Lab())
    assert len(server.requests) == 1


PASSING = {
    "http 500": refuses(500, "The server had an error."),
    "http 503": refuses(503, "Overloaded."),
    "silence": is_silent(5.0),
    "silence in the middle": is_silent(5.0, breaks(says("half of it"))),
    "broken stream": breaks(calls("note", text="never to be done")),
    "stream that ends early": breaks(calls("note", text="never to be done"), clean=True),
    "error event": reports("server_error", "The server had an error."),
    "failed answer": failed("rate_limit_exceeded"),
    "no event": sends(b""),
    "no json": sends(b"event: response.created\ndata: {oops\n\n"),
    "other json": sends(b"data: [1, 2]\n\n"),
    "html": sends(b"<html>proxy</html>", "text/html"),
}


@pytest.mark.parametrize("what", PASSING)
def test_passing_trouble_is_retried_and_leaves_no_trace(what):
    with ResponsesServer(PASSING[what], PASSING[what], FINISH) as server:
        lab = run(server, Lab(), timeout_s=0.3 if "silence" in what else 5.0)
    assert lab.names == ["brief", "finish"]
    assert server.requests[0] == server.requests[2]
    assert any("try 2 of 4" in line for line in lab.said)


@pytest.mark.parametrize("what", ["http 500", "silence", "broken stream"])
def test_trouble_that_stays_ends_in_good_order_and_the_run_can_go_on(what):
    lab = Lab()
    script = [answer(calls("note", text="a")), *[PASSING[what]] * 3]
    with ResponsesServer(*script) as server, pytest.raises(AgentError, match=r"3 times in a row.*resume") as caught:
        run(server, lab, retries=2, timeout_s=0.2 if what == "silence" else 5.0)
    assert server.url in str(caught.value)
    later = Lab(kept=lab.kept)
    with ResponsesServer(FINISH) as server:
        run(server, later)
    assert later.names == ["finish"] and outputs(server.requests[0]) == ["note is done."]


def test_nobody_listening_is_said():
    with ResponsesServer() as server:
        pass
    with pytest.raises(AgentError, match=r"127\.0\.0\.1.*(refused|Connection)"):
        run(server, Lab(), retries=1)


def test_a_wrong_model_or_address_is_said():
    script = [refuses(404, "The model `nope` does not exist.", "model_not_found")]
    with ResponsesServer(*script) as server, pytest.raises(ConfigError, match=r"nope.*agent\.model"):
        run(server, Lab(), model="nope")


@pytest.mark.parametrize("what", ["silence", "a long wait", "an answer without end"])
def test_the_deadline_ends_whatever_goes_on(what):
    slow = {
        "silence": is_silent(5.0),
        "a long wait": refuses(429, "later", retry_after="30"),
        "an answer without end": drips(says("word " * 100), seconds=0.05),
    }
    lab = Lab()
    begun = time.monotonic()
    with ResponsesServer(slow[what]) as server, pytest.raises(RunOver, match="wall time"):
        run(server, lab, deadline_s=0.3)
    assert time.monotonic() - begun < 3.0
    assert lab.charges == ([] if what == "a long wait" else [(None, None)])


MALFORMED = {
    "no json": (calls("note", arguments='{"text": "a'), "no valid JSON"),
    "a list": (calls("note", arguments="[1]"), "a JSON list, expected one object"),
    "a wrong type": (calls("note", text=3), "text is 3, expected a string"),
    "an unknown name": (calls("note", text="a", txet="b"), "Did you mean text"),
    "a missing one": (calls("trial", source="s"), "trial needs hypothesis"),
    "half a character": (calls("note", arguments='{"text": "\\ud800"}'), "no valid JSON"),
    "depth": (calls("note", arguments="[" * 100_000), "no valid JSON"),
    "an unknown tool": (calls("shell", command="ls"), "no operation 'shell'"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_bad_call_is_answered_with_what_is_wrong(what):
    call, words = MALFORMED[what]
    with ResponsesServer(answer(call), FINISH) as server:
        lab = run(server, Lab())
    assert lab.names == ["brief", "finish"]
    (output,) = outputs(server.requests[1])
    assert output.startswith("Error: ") and words in output


def test_an_operation_that_refuses_is_told_to_the_model():
    lab = Lab({"trace": ConfigError("There is no trial 9.")})
    with ResponsesServer(answer(calls("trace", trial=9, episode=0)), FINISH) as server:
        run(server, lab)
    assert outputs(server.requests[1]) == ["Error: There is no trial 9."]


def test_an_answer_that_was_cut_short_is_repaired():
    cut = answer(thinks("long"), calls("trial", arguments='{"source": "def a'), cut="max_output_tokens")
    with ResponsesServer(answer(thinks("only"), cut="max_output_tokens"), cut, FINISH) as server:
        lab = run(server, Lab())
    assert lab.names == ["brief", "finish"] and not server.refused
    assert any("max_output_tokens" in line for line in lab.said)


def test_a_model_that_calls_nothing_is_nudged_and_then_ended():
    with ResponsesServer(*[answer(says("I would try a better policy."))] * 3) as server:
        lab = run(server, Lab(), most_nudges=2)
    assert lab.names == ["brief", "finish"] and "I would try a better policy." in lab.over
    assert [item["role"] for item in server.requests[2]["input"]] == ["user", "assistant", "user", "assistant", "user"]


def test_nudges_are_counted_in_a_row():
    prose, work = answer(says("Hm.")), answer(calls("note", text="a"))
    with ResponsesServer(prose, work, prose, work, prose, FINISH) as server:
        lab = run(server, Lab(), most_nudges=1)
    assert lab.over == "no idea left"


def test_turns_are_bounded_over_the_whole_run():
    lab = Lab()
    with ResponsesServer(*[answer(calls("note", text="a"))] * 3) as server:
        run(server, lab, most_turns=3)
    assert "agent.most_turns" in lab.over and server.left == 0
    later = Lab(kept=lab.kept)
    with ResponsesServer() as server:
        run(server, later, most_turns=3)
    assert later.names == ["finish"]


def test_a_long_history_is_summed_up_into_a_note():
    script = [
        answer(calls("note", text="x" * 100), tokens=(900, 0, 200)),
        answer(says("The ball is byte 99."), tokens=(950, 0, 20)),
        FINISH,
    ]
    with ResponsesServer(*script) as server:
        lab = run(server, Lab(), most_context_tokens=1000)
    assert ("note", {"text": "The ball is byte 99.", "summary": True}) in lab.calls
    assert server.requests[1]["tool_choice"] == "none"
    assert len(server.requests[2]["input"]) == 1 and "byte 99" in server.requests[2]["input"][0]["content"]
    assert len(lab.charges) == 3, "the summary is charged too"


def test_without_usage_the_size_of_a_history_is_estimated():
    long = Answer("y" * 6000)
    script = [answer(calls("probe", kind="ram"), tokens=None), answer(says("All of it in short.")), FINISH]
    with ResponsesServer(*script) as server:
        lab = run(server, Lab({"probe": long}), most_context_tokens=1500)
    assert lab.names == ["brief", "probe", "note", "brief", "finish"]


def test_a_context_overflow_keeps_every_call_in_a_note_when_no_summary_is_possible():
    lab = Lab({"probe": Answer("byte 99 moves with the ball\n" + "y" * 6000)})
    trial = answer(calls("trial", source="s" * 100, hypothesis="Follow byte 99."))
    with ResponsesServer(trial, answer(calls("probe", kind="ram")), FINISH, context=5000) as server:
        run(server, lab)
    assert lab.over == "no idea left" and len(server.refused) == 2, "the request, and the question for a summary"
    note = lab.notes[-1]
    assert "trial: Follow byte 99.: trial is done." in note and "byte 99 moves with the ball" in note
    assert lab.notes[0] == "an earlier note", "nothing is replaced by what is no summary"
    assert "byte 99 moves" in server.requests[-1]["input"][0]["content"]


def test_half_a_summary_replaces_nothing():
    half = answer(says("The ball is"), cut="max_output_tokens")
    with ResponsesServer(answer(calls("probe", kind="ram"), tokens=(990, 0, 20)), half, FINISH) as server:
        lab = run(server, Lab(), most_context_tokens=1000)
    assert lab.notes[0] == "an earlier note" and "probe: kind=ram: probe is done." in lab.notes[1]


def test_a_note_that_is_refused_stays_in_the_conversation():
    lab = Lab({"note": ConfigError("text is too long")})
    script = [answer(calls("probe", kind="ram"), tokens=(990, 0, 20)), answer(says("In short.")), FINISH]
    with ResponsesServer(*script) as server:
        run(server, lab, most_context_tokens=1000)
    assert server.requests[2]["input"][0]["content"].endswith("In short.")


def test_a_brief_that_does_not_fit_is_an_error_that_says_so():
    with ResponsesServer(context=10) as server, pytest.raises(ConfigError, match="the brief alone"):
        run(server, Lab())
    with ResponsesServer() as server, pytest.raises(ConfigError, match=r"agent\.most_context_tokens=2\."):
        run(server, Lab(), most_context_tokens=2)


def test_a_resumed_run_goes_on_where_it_stopped_also_in_the_middle_of_calls():
    lab = Lab(dies_at="trial")
    middle = answer(thinks("hm"), calls("note", text="a"), calls("trial", source="s", hypothesis="h"))
    with ResponsesServer(middle) as server, pytest.raises(KeyboardInterrupt):
        run(server, lab)
    later = Lab(kept=lab.kept)
    with ResponsesServer(FINISH) as server:
        run(server, later)
    assert later.names == ["finish"] and not server.refused
    done, unknown = outputs(server.requests[0])
    assert done == "note is done." and "may or may not" in unknown
    assert server.requests[0]["input"][-1]["role"] == "user"


@pytest.mark.parametrize("kept", range(1, 9))
def test_a_run_can_be_resumed_from_any_point(kept):
    first = Lab({"probe": Answer("a frame", pictures=(Picture("step 7", PNG),))})
    script = [
        answer(calls("probe", kind="frame"), calls("note", text="a")),
        answer(says("Hm."), tokens=(2000, 0, 10)),
        answer(says("All of it in short.")),
        answer(calls("note", text="b")),
        FINISH,
    ]
    with ResponsesServer(*script) as server:
        run(server, first, most_context_tokens=1600)
    assert len(first.kept) >= 9 and first.over == "no idea left"
    later = Lab(kept=first.kept[:kept])
    with ResponsesServer(FINISH, FINISH) as server:
        run(server, later, most_context_tokens=100_000)
    assert later.names == ["finish"] and not server.refused


def test_without_a_key_it_says_what_to_set(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match=r"OPENAI_API_KEY.*export.*agent=tuner needs no key"):
        OpenAIAgent().run(Lab(), Assignment(None))
    with pytest.raises(ConfigError, match=r"MY_KEY.*agent=tuner"):
        OpenAIAgent().run(
            Lab(), Assignment(None, {"base_url": "https://models.example.org/v1", "api_key_env": "MY_KEY"})
        )


def test_a_server_on_this_machine_needs_no_key_and_a_refused_key_is_said(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with ResponsesServer(FINISH) as server, pytest.raises(ConfigError, match="refused the key in OPENAI_API_KEY"):
        run(server, Lab())
    assert len(server.requests) == 1, "it asked, and was refused: the placeholder is not this server's key"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("modle", "m", "Did you mean model"),
        ("model", None, "expected a text"),
        ("retries", -1, "whole number from 0"),
        ("timeout_s", 0, "more than 0"),
        ("temperature", float("nan"), "number from 0"),
        ("images", "yes", "true or false"),
        ("base_url", "localhost:8000", "expected an address"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(name, value, words):
    with pytest.raises(ConfigError, match=f"{name}.*{words}"):
        OpenAIAgent().run(Lab(), Assignment(None, {name: value}))
