"""Checks a policy's syntax tree against an allow-list before anything of it runs.

This is the first fence and a good adviser, not the wall: what passes may still be hostile, and belongs into a process of its own.
"""

import ast
import re
from collections.abc import Iterator

from fastheur.allowed import (
    ARRAY_ATTRIBUTES,
    ATTRIBUTE_HINTS,
    ATTRIBUTES,
    BY_CONSTANT_NAME,
    ENDINGS,
    HARNESS_NAMES,
    IMPORTS,
    JIT_OPTIONS,
    LIBRARIES,
    METHODS,
    RECORDS,
    REFUSED_BUILTINS,
    refusal,
)
from fastheur.errors import abridged, problem_in
from fastheur.scopes import Scopes, bound_names, defined_only
from fastheur.source_limits import every_node, line_of, read_tree, size_problems

_PRIVATE = "names that start with _ are not for policies, but for what your own class keeps in self"
_DUNDER = re.compile(r"__\w+__")
_FIELD_LOOKUP = re.compile(r"[.\[]\s*_")
_ASYNC = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)

_JITS = frozenset(("numba.njit", "numba.jit"))

Problem = tuple[ast.AST, str]


def check(source: str, name: str) -> ast.Module:
    """Check a policy's text and return its syntax tree.

    Raises:
        PolicyError: it is no Python, too large, or uses what a policy may not; names the first such line, what was found
            there, and what is allowed.
    """
    tree = read_tree(source, name)
    parents = every_node(tree, source, name)
    problems = [
        (line_of(node, parents), text) for node, text in (*size_problems(parents), *_Reader(parents).problems())
    ]
    if problems:
        line, text = min(problems, key=lambda problem: problem[0])
        raise problem_in(name, source, line, text)
    return tree


class _Reader:
    """One pass over the nodes of a policy; what its names stand for is gathered first."""

    def __init__(self, parents: dict[ast.AST, ast.AST]) -> None:
        self._parents = parents
        self._scopes = Scopes(parents)
        self._libraries = dict[str, str]()
        self._parts = dict[str, str]()
        self._import_problems = [
            problem
            for node in parents
            if isinstance(node, ast.Import | ast.ImportFrom)
            for problem in self._import(node)
        ]
        self._classes = {node.name for node in parents if isinstance(node, ast.ClassDef)}
        self._plain_classes = defined_only(parents, ast.ClassDef)
        self._plain_functions = defined_only(parents, ast.FunctionDef)
        self._own = {name for node in parents for name in self._made_private(node)}

    def problems(self) -> Iterator[Problem]:
        """Yield what a policy may not, by node."""
        yield from self._import_problems
        for node in self._parents:
            for found in bound_names(node):
                yield from ((node, text) for text in self._binding(node, found))
            for text in self._node(node):
                yield node, text

    def _node(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Name):
            yield from self._name(node)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node)
        elif isinstance(node, ast.Subscript):
            yield from self._subscript(node)
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and _DUNDER.fullmatch(node.value) and node.value != "__main__":
                yield f"uses the private name {abridged(node.value)}; {_PRIVATE}"
        elif isinstance(node, ast.ClassDef):
            yield from self._class(node)
        elif isinstance(node, ast.ExceptHandler):
            if node.type is None:
                yield "catches everything with a bare except:, interrupts too; write `except Exception:`"
        elif isinstance(node, ast.keyword):
            if node.arg == "refcheck":
                yield "passes refcheck, which a policy may not; leave it out"
        elif isinstance(node, ast.MatchClass):
            for attr in node.kwd_attrs:
                if attr.startswith("_") or attr in ATTRIBUTES | ARRAY_ATTRIBUTES:
                    yield f"matches the attribute {attr!r}, which a policy may not"
        elif isinstance(node, _ASYNC) or (isinstance(node, ast.comprehension) and node.is_async):
            yield "is asynchronous; a policy answers at once, with plain functions"

    def _class(self, node: ast.ClassDef) -> Iterator[str]:
        if node.keywords or not all(isinstance(base, ast.Name) for base in node.bases):
            yield f"class {node.name} has a keyword or a computed base; write `class {node.name}:`"
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id not in self._plain_classes:
                yield (
                    f"class {node.name} has the base {base.id}; a base may be a class of this file, without decorator and "
                    f"under a name of its own. Write `class {node.name}:`; for an error, raise ValueError or RuntimeError"
                )

    def _import(self, node: ast.Import | ast.ImportFrom) -> Iterator[Problem]:
        """Note what the names of an import stand for."""
        for alias in node.names:
            module = alias.name
            if isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                if module == "__future__" and alias.name == "annotations":
                    continue
                if module == "fastheur":
                    module = f"fastheur.{alias.name}"
            if module not in IMPORTS:
                yield node, f"imports {module!r}; a policy may import {', '.join(IMPORTS)}"
            elif alias.name == "*":
                yield node, f"imports * from {module}; name what is needed, as in `from {module} import a, b`"
            elif self._scopes.in_class_body(node):
                yield node, "imports inside a class; imports stand at the top of the file"
            else:
                text = self._bind(node, alias, module)
                if text:
                    yield node, text

    def _bind(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, module: str) -> str | None:
        path = alias.name if isinstance(node, ast.Import) else f"{node.module}.{alias.name}"
        short = isinstance(node, ast.Import) and alias.asname is None  # `import a.b` binds a
        name = alias.asname or alias.name.split(".")[0]
        target, known = (path.split(".")[0] if short else path), self._libraries if path in LIBRARIES else self._parts
        reason = refusal(path)
        if reason:
            return f"imports {path}, which a policy may not; {reason}"
        if {self._libraries.get(name, target), self._parts.get(name, target)} != {target}:
            return f"imports two things as {name}; give them different names"
        known[name] = target
        return None

    def _made_private(self, node: ast.AST) -> Iterator[str]:
        """Yield the names starting with _ that a class of this file gives to itself and its objects."""
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id == "self":
                yield node.attr
        elif self._scopes.in_class_body(node):
            yield from bound_names(node)

    def _binding(self, node: ast.AST, name: str) -> Iterator[str]:
        method = isinstance(node, ast.FunctionDef) and self._scopes.in_class_body(node)
        if name.startswith("_fastheur"):
            yield f"the name {name!r} belongs to the harness; choose another"
        elif name.startswith("__") and not (name in METHODS if method else name == "__slots__"):
            allowed = f"methods with two _ may be {', '.join(sorted(METHODS))}" if method else _PRIVATE
            yield f"makes the private name {name!r}; {allowed}"

    def _name(self, node: ast.Name) -> Iterator[str]:
        name, parent = node.id, self._parents[node]
        if isinstance(node.ctx, ast.Load):
            if name.startswith("__") and name != "__name__":
                yield f"uses the private name {name!r}; {_PRIVATE}"
            elif name in self._libraries and not (isinstance(parent, ast.Attribute) and parent.value is node):
                yield f"passes the library {name} on; write its parts out where they are used, as in {name}.part"
            elif self._parts.get(name, "") in _JITS:
                yield from self._jit(node)
            elif not self._scopes.is_local(node):
                yield from self._builtin(node, parent)

    def _builtin(self, node: ast.Name, parent: ast.AST) -> Iterator[str]:
        name, called = node.id, isinstance(parent, ast.Call) and parent.func is node
        if name in ENDINGS:
            yield f"uses {name}, which a policy may neither raise nor catch; write Exception or a kind of it, as ValueError"
        elif name in REFUSED_BUILTINS and called:
            yield f"calls {name}(), which a policy may not; it has no files, no code of its own making, and no names to look up"
        elif name in REFUSED_BUILTINS:
            yield f"uses the builtin {name}, which a policy may not; if it is a variable, give it another name"
        elif name in BY_CONSTANT_NAME:
            constant = parent.args[1] if isinstance(parent, ast.Call) and called and len(parent.args) > 1 else None
            attr = constant.value if isinstance(constant, ast.Constant) else None
            first = parent.args[0] if isinstance(parent, ast.Call) and parent.args else None
            if not isinstance(attr, str) or isinstance(first, ast.Starred):
                yield f'uses {name} with a name that is not written out; write {name}(value, "name"), or use a dict'
            elif attr.startswith("_") or attr in ATTRIBUTES | ARRAY_ATTRIBUTES | {"format", "format_map"}:
                yield f"uses the private name {attr!r}; {_PRIVATE}"
        elif name == "type" and not self._type_is_harmless(parent, called):
            yield "uses type() for more than a comparison; isinstance(value, kind) tells what a value is"

    def _type_is_harmless(self, parent: ast.AST, called: bool) -> bool:
        """True for ``type(x) is int``, and for ``type(PARAMS["name"])(...)``, which a tuned file ends with."""
        if not called or not isinstance(parent, ast.Call) or len(parent.args) != 1 or parent.keywords:
            return False
        outer, value = self._parents[parent], parent.args[0]
        if isinstance(outer, ast.Compare):
            return True
        entry = isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name) and value.value.id == "PARAMS"
        return entry and isinstance(outer, ast.Call) and outer.func is parent

    def _attribute(self, node: ast.Attribute) -> Iterator[str]:
        attr, value = node.attr, node.value
        owner = value.id if isinstance(value, ast.Name) else ""
        if attr.startswith("_") and not self._is_own(attr, owner) and not _is_super_init(node):
            yield f"uses the private name {attr!r}; {_PRIVATE}"
        elif attr in ATTRIBUTES or (attr in ARRAY_ATTRIBUTES and owner not in RECORDS):
            reason = ATTRIBUTE_HINTS.get(attr, "it leads to code, files or memory")
            yield f"uses .{attr}, which a policy may not: {reason}; rename it if it is your own"
        elif attr in ("format", "format_map") and owner not in RECORDS:
            yield from self._format(node)
        written = _dotted(node)
        if written and written[0] in self._libraries:
            yield from self._library_part(node, ".".join(written))
        elif written and written[0] in self._parts and not isinstance(node.ctx, ast.Load):
            yield _changed(written)

    def _is_own(self, attr: str, owner: str) -> bool:
        private = attr in HARNESS_NAMES or attr.startswith("__") or attr not in self._own
        return not private and (owner in ("self", "cls") or owner in self._classes)

    def _format(self, node: ast.Attribute) -> Iterator[str]:
        parent, text = self._parents[node], node.value.value if isinstance(node.value, ast.Constant) else None
        if not isinstance(text, str) or not (isinstance(parent, ast.Call) and parent.func is node):
            yield f"uses .{node.attr} of a text that is not written out; use an f-string"
        elif _FIELD_LOOKUP.search(text):
            yield f"formats a private name in {abridged(text)}; {_PRIVATE}"

    def _library_part(self, node: ast.Attribute, written: str) -> Iterator[str]:
        name, _, rest = written.partition(".")
        path, parent = f"{self._libraries[name]}.{rest}", self._parents[node]
        reason = refusal(path)
        if reason and refusal(path.rpartition(".")[0]):
            return  # the part of it that is to blame is a node of its own
        if reason:
            yield f"uses {written}, which a policy may not; {reason}"
        elif not isinstance(node.ctx, ast.Load):
            yield _changed(written.split("."))
        elif path in LIBRARIES and not isinstance(parent, ast.Attribute):
            yield f"passes the library {written} on; write its parts out where they are used, as in {written}.part"
        elif path in _JITS:
            yield from self._jit(node)

    def _jit(self, node: ast.AST) -> Iterator[str]:
        parent = self._parents[node]
        if isinstance(parent, ast.Call) and parent.func is node:
            for keyword in parent.keywords:
                yield from _jit_option(keyword)
            for given in parent.args:
                known = isinstance(given, ast.Name) and given.id in self._plain_functions
                if not known and not isinstance(given, ast.Lambda):
                    yield "gives numba.njit a signature or a computed function; write @numba.njit above a function of this file"
        elif not (isinstance(parent, ast.FunctionDef) and node in parent.decorator_list):
            yield "passes numba.njit on; write it as a decorator, as in @numba.njit"

    def _subscript(self, node: ast.Subscript) -> Iterator[str]:
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            field = node.slice.value
            if field.startswith("_") and not _DUNDER.fullmatch(field):
                yield f"uses the private field {abridged(field)}; {_PRIVATE}"
        written = _dotted(node.value) if not isinstance(node.ctx, ast.Load) else []
        if written and (written[0] in self._libraries or written[0] in self._parts):
            yield _changed(written)


def _dotted(node: ast.AST) -> list[str]:
    """Return the names of ``a.b.c``, or nothing where it begins with something else than a name."""
    names = list[str]()
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def _jit_option(keyword: ast.keyword) -> Iterator[str]:
    values = JIT_OPTIONS.get(keyword.arg or "")
    if keyword.arg == "cache":
        yield "compiles with cache=...; leave it out, the harness keeps compiled policies by itself"
    elif values is None:
        yield f"compiles with the option {keyword.arg or '**'}; leave it out, or use {', '.join(JIT_OPTIONS)}"
    elif not isinstance(keyword.value, ast.Constant) or keyword.value.value not in values:
        found = abridged(ast.unparse(keyword.value)[:40])
        yield f"compiles with {keyword.arg} as {found}; leave it out, or write {' or '.join(map(repr, values))}"


def _changed(written: list[str]) -> str:
    return f"changes {'.'.join(written)}; what is imported stays as it is for everybody"


def _is_super_init(node: ast.Attribute) -> bool:
    call = node.value
    return (
        node.attr == "__init__" and isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        and call.func.id == "super" and not call.args
    )  # fmt: skip
