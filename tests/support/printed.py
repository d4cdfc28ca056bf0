"""What the pipeline can print when something is wrong, read from its source.

Belongs here: finding each text, with its variable parts as wildcards. Not here: what is to be made
of them (``test_runbook.py``).

An error's text is the first argument of an error class, or of what passes one on. In it, what is
known only at run time is ``ANY``; constants and the alternatives of a local name are filled in.
What is an error itself (``logger.error("%s", error)``) has been found where it was made.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product
from pathlib import Path

import pipeline

ROOT = Path(pipeline.__file__).resolve().parents[1]
ANY = "\0"
PLACEHOLDER = r"(?:[A-Z][A-Z0-9_]*|…)"
FORMAT = re.compile(r"%[-+ 0-9.]*[a-z]")
LEVEL = re.compile("^(ERROR|WARNING) ")
ITSELF = {"ERROR", "WARNING"}
"""What an error that was made elsewhere is called where it is printed."""

LOUD = {"warning", "error", "exception", "critical"}
QUIET = {"debug", "info", "log"}
CLICK = {"UsageError", "ClickException", "BadParameter", "fail"}
TEXTS = (ast.Constant, ast.JoinedStr, ast.IfExp)
STAND_INS = ("sandbox/warehouse/", "sandbox/storage/")
"""Servers: what these answer is printed as the words of the service that they stand in for."""

PASSED_ON = {
    "pipeline.connections.google.explained": 1,
    "pipeline.connections.checks.mail_session.explained": 1,
    "pipeline.connections.postgres_errors.explained": 0,
}
"""Functions whose argument, by its position, becomes the end of an error: what was under way.

Who hands one of these an argument of its own passes it on, too, and need not be told of here.
"""


@dataclass(frozen=True)
class Printed:
    """A text, where it is printed, and whether somebody has to do something about it."""

    text: str
    where: str
    names: tuple[str, ...]
    is_error: bool

    @property
    def shown(self) -> str:
        """The text as the runbook may have it, with a name for each variable part."""
        names = iter(self.names)
        return re.sub(ANY, lambda _: next(names, "…"), self.text)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What matches the text with placeholders, and nothing else."""
        return re.compile(PLACEHOLDER.join(map(re.escape, self.text.split(ANY))))


def printed() -> list[Printed]:
    """Return every text once, in the order of the source files."""
    modules, constants = _read()
    errors = _error_classes(modules)
    passed = _passed_on(modules, errors)
    found: dict[str, Printed] = {}
    for module in modules:
        for text in module.printed(errors, passed, constants):
            known = found.get(text.text)
            if known is None or (text.is_error and not known.is_error):
                found[text.text] = text
    return [*found.values()]


def next_steps() -> list[Printed]:
    """Return what errors tell to do next."""
    modules, constants = _read()
    return [step for module in modules for step in module.next_steps(constants)]


def _read() -> "tuple[list[_Module], dict[str, ast.expr]]":
    modules = [
        _Module(path)
        for path in sorted((ROOT / "pipeline").rglob("*.py"))
        if not any(part in path.as_posix() for part in STAND_INS)
    ]
    constants = {f"{m.name}.{key}": node for m in modules for key, node in m.constants.items()}
    return modules, constants


def _error_classes(modules: "list[_Module]") -> set[str]:
    known, before = {"PipelineError"}, 0
    while before != len(known):
        before = len(known)
        for module in modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.ClassDef) and known & set(map(_name, node.bases)):
                    known.add(node.name)
    return known


def _passed_on(modules: "list[_Module]", errors: set[str]) -> dict[str, int]:
    known, before = dict(PASSED_ON), 0
    while before != len(known):
        before = len(known)
        for module in modules:
            known.update(module.passing(errors, known))
    return known


def _name(node: ast.AST) -> str:
    return str(getattr(node, "id", None) or getattr(node, "attr", None) or "")


class _Module:
    def __init__(self, path: Path) -> None:
        self.path = path.relative_to(ROOT)
        self.name = ".".join(self.path.with_suffix("").parts)
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.constants = {
            _name(target): node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        }
        self.imported = {
            alias.asname or alias.name: f"{node.module}.{alias.name}"
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }

    def printed(
        self, errors: set[str], passed: dict[str, int], constants: dict[str, ast.expr]
    ) -> Iterator[Printed]:
        for scope, call in self._calls():
            text = self._text_of(call, errors, passed)
            if text is None or _own_parameter(scope, text[0]) is not None:
                continue
            node, is_error = text
            for told, names in _Texts(self, scope, constants).of(node):
                shown = re.sub(f"{ANY}+", ANY, LEVEL.sub("", told))
                if shown != ANY or not ({*names} <= ITSELF or _name(call.func) == "echo"):
                    yield Printed(shown, f"{self.path}:{call.lineno}", tuple(names), is_error)

    def passing(self, errors: set[str], passed: dict[str, int]) -> Iterator[tuple[str, int]]:
        """Yield the functions that hand an argument of theirs on as an error's text."""
        for scope, call in self._calls():
            text = self._text_of(call, errors, passed)
            position = _own_parameter(scope, text[0]) if text else None
            if position is not None and isinstance(scope, ast.FunctionDef):
                yield f"{self.name}.{scope.name}", position

    def next_steps(self, constants: dict[str, ast.expr]) -> Iterator[Printed]:
        for scope, call in self._calls():
            for node in [word.value for word in call.keywords if word.arg == "next_step"]:
                for told, names in _Texts(self, scope, constants).of(node):
                    yield Printed(told, f"{self.path}:{call.lineno}", tuple(names), True)

    def _calls(self) -> Iterator[tuple[ast.AST, ast.Call]]:
        """Yield each call with the innermost function that it is in."""
        waiting: list[tuple[ast.AST, ast.AST]] = [(self.tree, self.tree)]
        while waiting:
            scope, node = waiting.pop()
            if isinstance(node, ast.Call) and node.args:
                yield scope, node
            inner = node if isinstance(node, ast.FunctionDef) else scope
            waiting += [(inner, child) for child in ast.iter_child_nodes(node)]

    def _text_of(
        self, call: ast.Call, errors: set[str], passed: dict[str, int]
    ) -> tuple[ast.expr, bool] | None:
        """Return what a call prints, and whether that is an error; None where it prints nothing."""
        name, first = _name(call.func), call.args[0]
        of = _name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
        if name in errors or name in CLICK or {k.arg for k in call.keywords} & {"next_step"}:
            return first, True
        if name == "ValueError" and "sandbox" not in self.path.parts:
            return first, True
        if of == "logger" and name in LOUD | QUIET:
            return _filled(call.args[name == "log" :]), name in LOUD
        if name == "echo" and "err" in {word.arg for word in call.keywords}:
            return first, True
        if name == "say" and (of == "log" or len(call.args) > 1):
            return first, [_name(level) for level in call.args[1:]] not in ([], ["INFO"])
        position = passed.get(self._whole_name(name, of))
        if position is None or position >= len(call.args):
            return None
        return call.args[position], True

    def _whole_name(self, name: str, of: str) -> str:
        own = f"{self.name}.{name}"
        if of in self.imported:
            whole = f"{self.imported[of]}.{name}"
        else:
            whole = own if of == "self" else self.imported.get(name, own)
        # One module hands on what another defines.
        return whole.replace("connections.postgres.", "connections.postgres_errors.")


class _Texts:
    """The texts that an expression may be, each with the names of its variable parts."""

    def __init__(self, module: _Module, scope: ast.AST, constants: dict[str, ast.expr]) -> None:
        self._module, self._scope, self._constants = module, scope, constants

    def of(self, node: ast.expr) -> list[tuple[str, list[str]]]:
        match node:
            case ast.Constant(value=str(text)):
                return [(text, [])]
            case ast.JoinedStr(values=parts):
                return self._joined(parts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right])
            case ast.FormattedValue(value=value, format_spec=None, conversion=-1):
                return self.of(value)
            case ast.IfExp(body=one, orelse=other):
                return self.of(one) + self.of(other)
            case ast.Name(id=name):
                if texts := [text for value in self._values(name) for text in self.of(value)]:
                    return texts
        return [(ANY, [_placeholder(node)])]

    def _joined(self, parts: list[ast.expr]) -> list[tuple[str, list[str]]]:
        return [
            ("".join(text for text, _ in chosen), [name for _, names in chosen for name in names])
            for chosen in product(*map(self.of, parts))
        ]

    def _values(self, name: str) -> list[ast.expr]:
        """Return what a local name is set to, or what a constant is; nothing for a parameter."""
        if isinstance(self._scope, ast.FunctionDef):
            values = [value for set_here, value in _assigned(self._scope) if set_here == name]
            if values:
                return [one for one in values if isinstance(one, TEXTS)]
        whole = self._module.imported.get(name, f"{self._module.name}.{name}")
        constant = self._constants.get(whole)
        return [constant] if isinstance(constant, ast.Constant) and _has_words(constant) else []


def _own_parameter(scope: ast.AST, node: ast.expr) -> int | None:
    """Return which argument of its function, without ``self``, an expression is; None if none."""
    if not isinstance(scope, ast.FunctionDef):
        return None
    names = [one.arg for one in scope.args.args if one.arg != "self"]
    return names.index(_name(node)) if isinstance(node, ast.Name) and node.id in names else None


def _has_words(constant: ast.Constant) -> bool:
    """Return whether it is text, and not a number or a version, which changes."""
    return isinstance(constant.value, str) and bool(re.search("[A-Za-z]{2}", constant.value))


def _assigned(scope: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a function sets, each with its value."""
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            [target, *_], value = node.targets, node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                yield from zip(map(_name, target.elts), value.elts, strict=False)
            else:
                yield _name(target), value


def _filled(told: list[ast.expr]) -> ast.expr:
    """Return a log's format with its arguments, as one text."""
    [form, *values] = told
    if not isinstance(form, ast.Constant):
        return form
    [first, *rest] = map(ast.Constant, FORMAT.split(form.value))
    return ast.JoinedStr([first, *chain(*zip(values, rest, strict=True))])


def _placeholder(node: ast.expr) -> str:
    """Return a name for what is known only at run time: ``{config.bucket}`` is ``BUCKET``."""
    known = node.value if isinstance(node, ast.FormattedValue) else node
    words = re.findall(r"[a-z]+", ast.unparse(known))
    return words[-1].upper() if words else "…"
