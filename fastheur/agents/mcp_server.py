"""Serves a door's operations over standard input and output with the official MCP SDK: one tool per operation."""

import base64
import sys
import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import anyio
import anyio.to_thread
from mcp import MCPError, types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from fastheur import __version__
from fastheur.agents.base import Assignment, Door
from fastheur.agents.instructions import instructions
from fastheur.errors import ConfigError, FastheurError, RunOver
from fastheur.operations import OPERATIONS, Answer

BRIEF = "fastheur://brief"
"""Address of the brief as a resource."""

PROMPT = "improve"
"""Name of the prompt that sets an agent to work."""

_TOOLS = "The tools of this server are the Lab's operations; they carry the same names."


class McpAgent:
    """Whoever is at the other end of standard input and output: works until the input closes."""

    replays: ClassVar[bool] = False
    waits: ClassVar[bool] = True

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """See :class:`fastheur.agents.base.Agent`; it needs an open standard input."""
        if sys.stdin is None:
            raise ConfigError("Standard input is closed; the agent that works on the run has to be at its other end.")

    def run(self, door: Door, assignment: Assignment) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        serve(door)


def serve(door: Door) -> None:
    """Serve ``door`` until standard input closes; meanwhile what anything else prints goes to standard error."""
    problems: list[Exception] = []

    def run() -> None:
        try:
            anyio.run(_serve, door)
        except Exception as problem:
            problems.append(problem)

    # in a daemon thread, as a read of standard input cannot be cancelled: Ctrl-C and a polite kill reach this one
    thread = threading.Thread(target=run, name="fastheur-mcp", daemon=True)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]


async def _serve(door: Door) -> None:
    server = make_server(door)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


def make_server(door: Door) -> Server[Any]:
    """Return an MCP server of the operations, the brief as a resource and a prompt to start with."""
    turn = anyio.Lock()

    async def call(name: str, arguments: dict[str, Any]) -> Answer:
        async with turn:  # agents like to call several tools at once
            return await anyio.to_thread.run_sync(door.call, name, arguments)

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(name=one.name, description=one.description, input_schema=one.schema)
                for one in OPERATIONS.values()
            ]
        )

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            return types.CallToolResult(content=_content(await call(params.name, params.arguments or {})))
        except RunOver as error:
            return types.CallToolResult(content=[_text(_ended(str(error)))])
        except (FastheurError, RuntimeError) as error:
            return types.CallToolResult(content=[_text(str(error))], is_error=True)

    async def list_resources(context: Any, params: Any) -> types.ListResourcesResult:
        brief = types.Resource(
            uri=BRIEF, name="brief", description=OPERATIONS["brief"].description, mime_type="text/plain"
        )
        return types.ListResourcesResult(resources=[brief])

    async def read_resource(context: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        if params.uri != BRIEF:
            raise MCPError(types.INVALID_PARAMS, f"There is no resource {params.uri}, expected {BRIEF}.")
        try:
            text = (await call("brief", {})).text
        except (FastheurError, RuntimeError) as error:
            raise MCPError(types.INTERNAL_ERROR, str(error)) from error
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=BRIEF, mime_type="text/plain", text=text)]
        )

    async def list_prompts(context: Any, params: Any) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[types.Prompt(name=PROMPT, description="Work on the run's policy.")])

    async def get_prompt(context: Any, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        if params.name != PROMPT:
            raise MCPError(types.INVALID_PARAMS, f"There is no prompt {params.name!r}, expected {PROMPT}.")
        return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=_text(instructions(_TOOLS)))])

    return Server(
        "fastheur",
        version=__version__,
        instructions=instructions(_TOOLS),
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
    )


def _content(answer: Answer) -> list[types.ContentBlock]:
    """Return the answer's text, then every picture after its caption."""
    content: list[types.ContentBlock] = [_text(answer.text)]
    for picture in answer.pictures:
        data = base64.b64encode(picture.png).decode("ascii")
        content += [_text(picture.caption), types.ImageContent(data=data, mime_type="image/png")]
    if answer.over is not None:
        content.append(_text(_ended(answer.over)))
    return content


def _text(text: str) -> types.TextContent:
    return types.TextContent(text=text)


def _ended(why: str) -> str:
    return f"The run has ended: {why}"
