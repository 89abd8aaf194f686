"""Every small change of a function's body that its tests should notice.

The changes are those of mutmut (operators, conditions, numbers, strings, arguments), and one of our own: a statement
that only calls or raises is left out. What is not changed, because no caller could tell or because it is wording:
annotations, decorators, defaults of parameters, what is logged, and the words of an error.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_string

NEVER_TOLD_APART = {"len", "isinstance", "cast", "get_log"}
LOG_NAMES = {"_log", "log", "logger"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One change.

    Attributes:
        path: the module, relative to the project.
        line: where the changed piece begins.
        statement: the line where its statement begins.
        function: qualified name of the outermost function around it.
        before: the piece as it is.
        after: the piece as changed.
        source: the whole module with the change.
    """

    path: str
    line: int
    statement: int
    function: str
    before: str
    after: str
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change that is found, and not yet made.

    Attributes:
        path: the module, relative to the project.
        line: where the piece begins.
        function: qualified name of the outermost function around it.
    """

    path: str
    line: int
    _statement: int
    function: str
    _module: cst.Module
    _node: cst.CSTNode
    _replacement: cst.CSTNode

    def made(self) -> Mutant | None:
        """Write the changed module; None where it is no change, or no Python."""
        changed = self._module.deep_replace(self._node, self._replacement)
        assert isinstance(changed, cst.Module)
        source = changed.code
        try:
            if ast.dump(ast.parse(source)) == ast.dump(ast.parse(self._module.code)):
                return None
        except SyntaxError:
            return None
        return Mutant(
            path=self.path,
            line=self.line,
            statement=self._statement,
            function=self.function,
            before=self.before,
            after=self.after,
            source=source,
        )

    @property
    def before(self) -> str:
        """The piece as it is, on one line."""
        return self._on_one_line(self._node)

    @property
    def after(self) -> str:
        """The piece as it is going to be, on one line."""
        return self._on_one_line(self._replacement)

    def _on_one_line(self, node: cst.CSTNode) -> str:
        return " ".join(self._module.code_for_node(node).split())


def changes_of(root: Path, path: str) -> list[Change]:
    """Find all changes of one module, in the order of its lines."""
    wrapper = MetadataWrapper(cst.parse_module((root / path).read_text()), unsafe_skip_copy=True)
    finder = _Finder(path, wrapper.module)
    wrapper.visit(finder)
    return finder.found


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, path: str, module: cst.Module) -> None:
        super().__init__()
        self.found: list[Change] = []
        self._path = path
        self._module = module
        self._names: list[str] = []
        self._functions = 0
        self._statements: list[int] = [0]

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Decorator | cst.Param) or _only_words(node):
            return False
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._statements.append(self._line(node))
        if isinstance(node, cst.ClassDef | cst.FunctionDef) and not self._functions:
            self._names.append(node.name.value)
        if isinstance(node, cst.FunctionDef):
            self._functions += 1
        elif self._functions:
            place = (self._path, self._line(node), self._statements[-1], ".".join(self._names), self._module)
            self.found.extend(Change(*place, node, replacement) for replacement in _changes(node))
        return not isinstance(node, cst.Raise)

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._statements.pop()
        if isinstance(original_node, cst.FunctionDef):
            self._functions -= 1
        if isinstance(original_node, cst.ClassDef | cst.FunctionDef) and not self._functions:
            self._names.pop()

    def _line(self, node: cst.CSTNode) -> int:
        position = self.get_metadata(PositionProvider, node, None)
        return position.start.line if position is not None else self._statements[-1]


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            if operator is operator_string:  # of its variants the first: SQL does not care for upper and lower case
                yield from list(operator(node))[:1]
            else:
                yield from operator(node)
    if isinstance(node, cst.Raise) or (isinstance(node, cst.Expr) and isinstance(node.value, cst.Call)):
        yield cst.Pass()


def _only_words(node: cst.CSTNode) -> bool:
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.BaseString) or _only_words(node.value)
    if not isinstance(node, cst.Call):
        return False
    if isinstance(node.func, cst.Name):
        return node.func.value in NEVER_TOLD_APART
    if not isinstance(node.func, cst.Attribute):
        return False
    owner = node.func.value
    if isinstance(owner, cst.Call):
        return _only_words(owner)
    return (isinstance(owner, cst.Name) and owner.value in LOG_NAMES) or (
        isinstance(owner, cst.Attribute) and owner.attr.value in LOG_NAMES
    )
