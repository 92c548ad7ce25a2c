"""Arrows go along the one-way flow only: who may import whom, read from the syntax tree."""

import ast
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "fastheur"

ONLY = {
    "av": {"video.py"},
    "envpool": {"envpool_families.py"},
    "ale_py": {"ale_worker.py", "peers.py", "raw.py"},
    "hydra": {"cli.py"},
    "openai": {"openai_client.py"},
    "omegaconf": {"cli.py"},
    "sqlite3": {"database.py"},
    "mcp": {"mcp_server.py"},
    "optuna": {"searching.py"},
    "mujoco": {"robot_scene.py", "rollouts.py", "raw.py"},
    "pyarrow": {"run_tables.py", "table_files.py", "traces.py"},
}
"""Libraries that only one module may know."""

LAYERS = [
    {
        "errors",
        "seeds",
        "scopes",
        "resources",
        "_core",
        "_reference",
        "batch",
        "vizdoom_watch",
        "vizdoom_buttons",
        "benchmark_numba",
        "sockets",
        "verbs",
        "gaits",
        "author_code",
        "isolation",
        "notebook",
        "model_steps",
    },
    {"source_limits"},
    {"complexity", "editing", "memory", "regress", "database", "drafts", "wal"},
    {"forgetting"},
    {
        "tasks",
        "vision",
        "policy",
        "true_time",
        "plain_picture",
        "robot_drawing",
        "resident",
        "operations",
        "meter",
        "budget",
        "board",
        "run_folder",
    },
    {"lab_requests", "robot_poses"},
    {"robot_scene", "record", "clusters", "wording"},
    {"spec", "resident_client", "resident_call", "searching", "contract_checks", "declarations"},
    {"contract", "pictures", "planner"},
    {"allowed"},
    {"static_check"},
    {
        "engine",
        "loading",
        "preprocess",
        "pool_shelf",
        "envpool_families",
        "vizdoom_folder",
        "ale_lane",
        "hopeless",
        "elimination",
    },
    {"comparing", "settled"},
    {"plain_atari", "ale_worker", "ale_crew", "baking", "folding"},
    {"envpool_tasks"},
    {"engine_ale", "engine_envpool", "pruning"},
    {"engines", "unswitching"},
    {"kernel", "benchmark_frames"},
    {"host", "benchmark_core", "mailbox"},
    {"in_process", "templates", "limits"},
    {"sandbox"},
    {"worker", "isolated"},
    {"places"},
    {"rollout", "candidates", "failures", "probing"},
    {"recorder", "action_log"},
    {"tracing", "tuning", "replaying", "score_view"},
    {"playing", "player_requests"},
    {"player"},
    {"score"},
    {"schema"},
    {"table_queries", "migrations", "ledger_export", "ledger_books", "ledger_salvage"},
    {"ledger_check", "ledger_adoption"},
    {"ledger", "gate"},
    {"evaluation", "ledger_transfer"},
    {"throughput", "racing"},
    {"run_books"},
    {"run_ledger"},
    {"runs", "recall_rows"},
    {"recalling"},
    {"rechecking"},
    {"replays"},
    {"trial_rows", "run_files", "briefing", "run_tables", "run_views"},
    {"table_files"},
    {"ledger_repair"},
    {"judge"},
    {"promotion", "hunting", "lab_looks"},
    {"lab_trials"},
    {"lab"},
    {"agents"},
    {"lab_wire"},
    {"lab_server", "lab_client"},
    {"run_watch", "learn_result", "run_settings"},
    {"learning"},
    {"runner", "report"},
    {"suite"},
    {"commands"},
    {"cli"},
    {"__main__", "resident_server"},
]
"""A module imports from its own layer's predecessors only."""

ALONE = ("_core", "_reference", "seeds", "benchmark_numba", "vizdoom_watch", "model_steps")
ENGINE_SIDE = {
    "engine",
    "engine_envpool",
    "envpool_tasks",
    "engine_ale",
    "engines",
    "envpool_families",
    "pool_shelf",
    "pictures",
    "plain_picture",
    "robot_drawing",
    "robot_scene",
    "true_time",
    "ale_crew",
    "ale_lane",
    "ale_worker",
    "vizdoom_buttons",
    "vizdoom_folder",
    "vizdoom_watch",
}
POLICY_SIDE = {
    "policy", "gaits", "vision", "allowed", "contract", "contract_checks", "static_check", "loading", "kernel", "preprocess",
    "host", "in_process", "worker", "isolated", "templates", "sandbox", "places", "mailbox", "planner",
}  # fmt: skip


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py"))


@cache
def imported(path):
    """Names of everything a module imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "fastheur"}
    return frozenset(names)


def own(path):
    """First components of the package's own modules that a module imports."""
    return {name.split(".")[1] for name in imported(path) if name.startswith("fastheur.")} - {"__version__"}


def key(path):
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("library", ONLY)
def test_a_library_stays_behind_its_one_door(library):
    users = {path.name for path in modules() if any(name.split(".")[0] == library for name in imported(path))}
    assert users == ONLY[library]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_import_along_the_flow_only(path):
    if path.name == "__init__.py":
        return
    order = {name: number for number, layer in enumerate(LAYERS) for name in layer}
    assert key(path) in order, f"{key(path)} has no place in the flow yet"
    for name in own(path) - {key(path)}:
        assert order[name] < order[key(path)], f"{path.name} imports {name} against the flow"


def test_engine_and_policy_do_not_know_each_other():
    for path in modules():
        if key(path) in ENGINE_SIDE:
            assert not own(path) & POLICY_SIDE
        if key(path) in POLICY_SIDE:
            assert not own(path) & ENGINE_SIDE


@pytest.mark.parametrize("path", sorted((PACKAGE / "isolation").glob("*.py")), ids=lambda path: path.name)
def test_isolation_imports_itself_and_the_standard_library_only(path):
    assert own(path) <= {"isolation"}
    assert {name.split(".")[0] for name in imported(path)} <= {"fastheur", *sys.stdlib_module_names}


@pytest.mark.parametrize("name", ALONE)
def test_some_modules_import_nothing_of_the_package(name):
    path = PACKAGE / f"{name}.py"
    text = path.read_text() if path.exists() else (PACKAGE / f"{name}.pyx").read_text()
    assert "from fastheur" not in text and "import fastheur" not in text


def test_nothing_imports_policies_by_name():
    for path in modules():
        assert not any(name.startswith(("policies", "fastheur.policies")) for name in imported(path))


def test_every_module_says_in_its_first_line_what_it_does():
    for path in modules():
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        assert first.endswith((".", ":", "?")) and len(first) > 20, path
