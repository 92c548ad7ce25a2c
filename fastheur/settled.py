"""What can be told about a kernel policy's expressions once some of its parameters have fixed values. Runs nothing of it.

A parameter is read as an attribute of the record that ``act`` receives as its fourth argument and may pass on to other
functions of the file. Locals that are set once, and named numbers of the module, are followed.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from fastheur.policy import Number

UNKNOWN: Final = object()

PURE_CALLS: dict[str, Callable[..., Any]] = {"int": int, "float": float, "bool": bool, "abs": abs}

_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
    ast.Div: operator.truediv,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}


class Unclear(Exception):
    """The policy does with its parameters what this module does not follow."""


class Settled:
    """Answers about the nodes of one syntax tree.

    Args:
        tree: of a kernel policy. values: the parameters with fixed values.

    Raises:
        Unclear: it is no kernel, or its record of parameters goes where it cannot be followed.
    """

    def __init__(self, tree: ast.Module, values: Mapping[str, Number]) -> None:
        self._functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
        self._shadowed = {name for node in tree.body for name in stored_names(node)}
        self._truths: dict[int, bool | None] = {}
        self.reads: dict[int, Number] = {}
        for name, record in _carriers(self._functions, tree).items():
            for node in ast.walk(self._functions[name]):
                if isinstance(node, ast.Attribute) and _is_name(node.value, record) and node.attr in values:
                    if not isinstance(node.ctx, ast.Load):
                        raise Unclear(f"line {node.lineno} sets a parameter")
                    self.reads[id(node)] = values[node.attr]
        for node in ast.walk(tree):
            # Python 3.11 does not say where in the file the parts of an f-string are.
            if isinstance(node, ast.JoinedStr) and any(id(part) in self.reads for part in ast.walk(node)):
                raise Unclear(f"line {node.lineno} prints a parameter")
            # Numba computes a power that is written out by another way, with other roundings.
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and id(node.right) in self.reads:
                raise Unclear(f"line {node.lineno} raises to the power of a parameter")
        self._known: dict[int, Any] = dict(self.reads)
        self._settled = set(self.reads)
        constants = _constants(tree)
        for function in self._functions.values():
            self._follow(function, constants)

    def value(self, node: ast.expr) -> Any:
        """Return the value of an expression, or :data:`UNKNOWN`."""
        if id(node) in self._known:
            return self._known[id(node)]
        try:
            return self._computed(node)
        except (ArithmeticError, TypeError, ValueError):
            return UNKNOWN

    def truth(self, node: ast.expr) -> bool | None:
        """Return whether a condition holds, or None; what would not be computed any more has no effects."""
        if id(node) not in self._truths:
            self._truths[id(node)] = self._truth(node)
        return self._truths[id(node)]

    def _truth(self, node: ast.expr) -> bool | None:
        if isinstance(node, ast.BoolOp):
            decisive = isinstance(node.op, ast.Or)
            for operand in node.values:
                if self.truth(operand) is decisive:
                    return decisive
                if self.truth(operand) is None and not self.pure(operand):
                    return None
            return None if any(self.truth(operand) is None for operand in node.values) else not decisive
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.truth(node.operand)
            return None if inner is None else not inner
        value = self.value(node)
        return None if value is UNKNOWN else bool(value)

    def touches(self, node: ast.AST) -> bool:
        """Say whether a fixed parameter has a part in an expression."""
        return any(id(part) in self._settled for part in ast.walk(node))

    def pure(self, node: ast.AST) -> bool:
        """Say whether computing an expression changes nothing, as far as can be told."""
        for part in ast.walk(node):
            if isinstance(part, (ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)):
                return False
            if isinstance(part, ast.Call) and not self._is_builtin(part.func):
                return False
        return True

    def _is_builtin(self, func: ast.expr) -> bool:
        known = (*PURE_CALLS, "min", "max", "round", "len")
        return isinstance(func, ast.Name) and func.id in known and func.id not in self._shadowed

    def _computed(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (bool, int, float)) else UNKNOWN
        if isinstance(node, ast.Tuple):
            parts = tuple(self.value(part) for part in node.elts)
            return UNKNOWN if UNKNOWN in parts else parts
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            left, right = self.value(node.left), self.value(node.right)
            return UNKNOWN if UNKNOWN in (left, right) else _OPERATORS[type(node.op)](left, right)
        if isinstance(node, ast.Compare):
            return self._comparison(node)
        if isinstance(node, ast.BoolOp):
            return self._operand(node)
        if isinstance(node, ast.IfExp):
            test = self.truth(node.test)
            return UNKNOWN if test is None else self.value(node.body if test else node.orelse)
        if isinstance(node, ast.Call) and self._is_builtin(node.func) and len(node.args) == 1 and not node.keywords:
            function, only = PURE_CALLS.get(ast.unparse(node.func)), self.value(node.args[0])
            return UNKNOWN if function is None or only is UNKNOWN else function(only)
        return UNKNOWN

    def _unary(self, node: ast.UnaryOp) -> Any:
        if isinstance(node.op, ast.Not):
            truth = self.truth(node.operand)
            return UNKNOWN if truth is None else not truth
        value = self.value(node.operand)
        if value is UNKNOWN or isinstance(node.op, ast.Invert):
            return UNKNOWN
        return -value if isinstance(node.op, ast.USub) else +value

    def _comparison(self, node: ast.Compare) -> Any:
        values = [self.value(part) for part in (node.left, *node.comparators)]
        if UNKNOWN in values or any(type(compare) not in _OPERATORS for compare in node.ops):
            return UNKNOWN
        steps = zip(node.ops, values, values[1:], strict=False)
        return all(_OPERATORS[type(compare)](left, right) for compare, left, right in steps)

    def _operand(self, node: ast.BoolOp) -> Any:
        """Return the operand that ``and`` or ``or`` comes down to."""
        value = UNKNOWN
        for operand in node.values:
            value = self.value(operand)
            if value is UNKNOWN or bool(value) is isinstance(node.op, ast.Or):
                break
        return value

    def _follow(self, function: ast.FunctionDef, constants: Mapping[str, Number]) -> None:
        """Learn the names in a function that stand for known values."""
        stored = list(stored_names(function))
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
        for node in names:
            if node.id in constants and node.id not in stored:
                self._known[id(node)] = constants[node.id]
        if any(
            isinstance(node, (ast.FunctionDef, ast.Lambda, ast.Global))
            for node in ast.walk(function)
            if node is not function
        ):
            return
        for statement in function.body:
            if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
                continue
            target, value = statement.targets[0], self.value(statement.value)
            if isinstance(target, ast.Name) and stored.count(target.id) == 1 and self.touches(statement.value):
                later = [id(node) for node in names if node.id == target.id and node.lineno > statement.lineno]
                if value is not UNKNOWN:
                    self._known |= dict.fromkeys(later, value)
                    self._settled |= set(later)


def stored_names(node: ast.AST) -> Iterator[str]:
    """Yield every name that a statement binds, once for each time, those of arguments and inner functions too."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, ast.arg):
            yield part.arg
        elif isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            yield part.name
        elif isinstance(part, ast.alias):
            yield (part.asname or part.name).split(".")[0]
        elif isinstance(part, (ast.Global, ast.Nonlocal)):
            yield from part.names


def module_names(statement: ast.stmt) -> list[str]:
    """Return the names that a statement at the top level binds in the module."""
    if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
        return [statement.name]
    return list(stored_names(statement))


def _constants(tree: ast.Module) -> dict[str, Number]:
    """Return the module's names that are bound once, to a number."""
    found = dict[str, Number]()
    bound = [name for statement in tree.body for name in module_names(statement)]
    bound += [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
            pairs: Sequence[tuple[ast.expr, ast.expr]] = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                pairs = list(zip(target.elts, value.elts, strict=False))
            for name, number in pairs:
                once = isinstance(name, ast.Name) and bound.count(name.id) == 1
                if once and isinstance(number, ast.Constant) and isinstance(number.value, (int, float)):
                    found[ast.unparse(name)] = number.value
    return found


def _carriers(functions: Mapping[str, ast.FunctionDef], tree: ast.Module) -> dict[str, str]:
    """Return which functions receive the record of parameters, each under the name of its argument."""
    act = functions.get("act")
    if act is None or len(act.args.args) < 4:
        raise Unclear("it has no act(obs, info, state, params)")
    found, queue = {"act": act.args.args[3].arg}, ["act"]
    for caller in queue:  # grows by every function that is found
        for callee, value, name in _passed(functions[caller], functions):
            if _is_name(value, found[caller]) and callee not in found:
                found[callee] = name
                queue.append(callee)
    _check_that_records_stay_records(functions, tree, found)
    return found


def _check_that_records_stay_records(
    functions: Mapping[str, ast.FunctionDef], tree: ast.Module, carriers: Mapping[str, str]
) -> None:
    """Refuse records that are stored, looked into by other means, or mixed up with other arguments."""
    plain = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in carriers and id(node) not in plain:
            raise Unclear(f"line {node.lineno} uses the function {node.id} as a value")
    bound = [name for statement in tree.body for name in module_names(statement)]
    for name in carriers:
        if bound.count(name) != 1:
            raise Unclear(f"the function {name} is defined more than once")
    for statement in tree.body:
        record = carriers.get(statement.name) if isinstance(statement, ast.FunctionDef) else None
        passed = [one for one in _passed(statement, functions) if one[0] in carriers]
        for callee, value, name in passed:
            if _is_name(value, record) != (name == carriers[callee]):
                raise Unclear(f"line {value.lineno} passes {callee} something else for its parameters")
        if record is None:
            continue
        allowed = {id(value) for _, value, _ in passed}
        allowed |= {id(node.value) for node in ast.walk(statement) if isinstance(node, ast.Attribute)}
        names = [node for node in ast.walk(statement) if _is_name(node, record)]
        if any(id(node) not in allowed for node in names) or list(stored_names(statement)).count(record) != 1:
            raise Unclear(f"line {statement.lineno}: a function does more with {record} than to read its fields")


def _passed(where: ast.AST, functions: Mapping[str, ast.FunctionDef]) -> Iterator[tuple[str, ast.expr, str]]:
    """Yield what the file's own functions are called with: the function, the value, and the argument's name."""
    for call in ast.walk(where):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in functions:
            if any(isinstance(value, ast.Starred) for value in call.args):
                raise Unclear(f"line {call.lineno} unpacks arguments")
            arguments = functions[call.func.id].args
            for value, argument in zip(call.args, (*arguments.posonlyargs, *arguments.args), strict=False):
                yield call.func.id, value, argument.arg
            for keyword in call.keywords:
                yield call.func.id, keyword.value, keyword.arg or ""


def _is_name(node: ast.AST, name: str | None) -> bool:
    return isinstance(node, ast.Name) and node.id == name
