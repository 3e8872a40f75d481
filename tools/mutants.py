"""Mutants of a Python file: each is the file with one small thing changed that a test should notice.

Tables at module level and decorated functions are changed too. Left alone: annotations, imports, docstrings, messages of
errors, `__all__`, `__slots__`, decorators.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mutant", "mutants"]

_OTHER: Final[dict[type[ast.AST], tuple[type[ast.AST], ...]]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
_TWINS: Final = (
    ("any", "all"),
    ("max", "min"),
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("partition", "rpartition"),
    ("split", "rsplit"),
    ("find", "rfind"),
    ("index", "rindex"),
    ("fullmatch", "match"),
)
_NAMES: Final = {a: b for one, other in _TWINS for a, b in ((one, other), (other, one))}
_UNSEEN: Final = frozenset({"annotation", "returns", "decorator_list", "bases", "ctx"})
_SHOWN: Final = 24
"""How many characters of what stayed are shown on either side of what changed."""


@dataclass(frozen=True)
class Mutant:
    """One change to a tree: `parent.field`, or the entry `index` of it, becomes `new`."""

    name: str
    line: int
    parent: ast.AST
    field: str
    index: int | None
    new: ast.AST

    def swap(self) -> None:
        """Make the change in the tree."""
        if self.index is None:
            setattr(self.parent, self.field, self.new)
        else:
            getattr(self.parent, self.field)[self.index] = self.new


def mutants(tree: ast.Module) -> list[Mutant]:
    """Give all mutants of a file.

    A name says the function, what stood there and what stands there now. It has no line in it, so it stays the same when
    lines move; the second of one name is told apart by its number.
    """
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for place, parent, field, index, node in _slots(tree, ""):
        for new in _changed(node):
            ast.copy_location(new, node)
            name = f"{place}: {_difference(_text(node), _text(new))}"
            seen[name] += 1
            name += f" ({seen[name]})" * (seen[name] > 1)
            found.append(
                Mutant(
                    name,
                    getattr(node, "lineno", getattr(parent, "lineno", 0)),
                    parent,
                    field,
                    index,
                    ast.fix_missing_locations(new),
                )
            )
    return found


_Slot = tuple[str, ast.AST, str, int | None, ast.AST]


def _slots(node: ast.AST, place: str) -> Iterator[_Slot]:
    """Give every place of a tree where something else could stand, with the function it is in."""
    for field, value in ast.iter_fields(node):
        if field in _UNSEEN:
            continue
        entries = enumerate(value) if isinstance(value, list) else ((None, value),)
        for index, child in entries:
            if not isinstance(child, ast.AST) or _is_left_alone(child):
                continue
            inner = _place(child, place)
            yield inner or "module", node, field, index, child
            if not isinstance(child, ast.Raise):
                yield from _slots(child, inner)


def _place(node: ast.AST, place: str) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return f"{place}.{name}" if place else name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)) if not place:
            return name
        case _:
            return place


def _is_left_alone(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Call(func=ast.Name(id="TypeVar")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__")]) | ast.Assign(value=ast.Subscript()):
            return True  # the last is the name of a type, or a choice from a table that a test would miss at once
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case _:
            return False


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    """Give what could stand there instead."""
    match node:
        case ast.expr():
            yield from _expressions(node)
        case ast.stmt():
            yield from _statements(node)
        case ast.comprehension():
            for ifs in _one_less(node.ifs):
                yield ast.comprehension(node.target, node.iter, ifs, node.is_async)
        case ast.ExceptHandler(type=ast.Tuple() as types):
            for elts in _one_less(types.elts):
                yield ast.ExceptHandler(ast.Tuple(elts, ast.Load()), node.name, node.body)
        case _:
            pass


def _expressions(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for other in _others(operator):
                    ops = [*node.ops[:index], other, *node.ops[index + 1 :]]
                    yield ast.Compare(node.left, ops, node.comparators)
        case ast.BoolOp():
            yield from (ast.BoolOp(other, node.values) for other in _others(node.op))
            for values in _one_less(node.values):
                yield values[0] if len(values) == 1 else ast.BoolOp(node.op, values)
        case ast.BinOp():
            yield from (ast.BinOp(node.left, other, node.right) for other in _others(node.op))
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield node.operand
        case ast.IfExp():
            yield from (node.body, node.orelse)
        case ast.Call():
            yield from _calls(node)
        case _:
            yield from _values(node)


def _values(node: ast.expr) -> Iterator[ast.AST]:
    match node:
        case ast.Constant(value=value):
            yield from (ast.Constant(other) for other in _neighbours(value))
        case ast.Slice(lower=lower, upper=upper, step=step):
            yield from (ast.Slice(None, upper, step) for _ in (lower,) if lower)
            yield from (ast.Slice(lower, None, step) for _ in (upper,) if upper)
        case ast.Set(elts=elts):
            yield from (ast.Set(some) for some in _one_less(elts))
        case ast.Tuple(elts=elts, ctx=ast.Load()) if all(isinstance(each, ast.Constant) for each in elts):
            yield from (ast.Tuple(some, ast.Load()) for some in _one_less(elts))
        case ast.Dict(keys=keys, values=values):
            for some in _one_less(list(zip(keys, values, strict=True))):
                yield ast.Dict([key for key, _ in some], [value for _, value in some])
        case _:
            pass


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    func, args, keywords = node.func, node.args, node.keywords
    match func:
        case ast.Name(id=name) if name in _NAMES:
            yield ast.Call(ast.Name(_NAMES[name], ast.Load()), args, keywords)
        case ast.Name(id="sorted") if len(args) == 1 and not keywords:
            yield args[0]
        case ast.Attribute(attr="split" | "rsplit") if len(args) == 1:
            pass  # from either end: without a bound that is the same
        case ast.Attribute(value=value, attr=name) if name in _NAMES:
            yield ast.Call(ast.Attribute(value, _NAMES[name], ast.Load()), args, keywords)
        case ast.Attribute(value=value) if not args and not keywords:
            yield value
        case _:
            pass
    yield from (ast.Call(func, args, some) for some in _one_less(keywords))


def _statements(node: ast.stmt) -> Iterator[ast.AST]:
    match node:
        case ast.If(body=body, orelse=orelse):
            yield from (ast.If(ast.Constant(value), body, orelse) for value in (True, False))
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.AugAssign(target=target, op=operator, value=value):
            yield from (ast.AugAssign(target, other, value) for other in _others(operator))
            yield from (ast.Assign([target], value), ast.Pass())
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield ast.Pass()
        case ast.Expr() | ast.Raise() | ast.For() | ast.Continue():
            yield ast.Pass()
        case _:
            pass


def _others(operator: Any) -> list[Any]:
    return [other() for other in _OTHER.get(type(operator), ())]


def _one_less(entries: list[Any]) -> Iterator[list[Any]]:
    for index in range(len(entries)):
        yield [*entries[:index], *entries[index + 1 :]]


def _neighbours(value: object) -> tuple[bool | int | str, ...]:
    match value:
        case bool():
            return (not value,)
        case int():
            return (value + 1, value - 1) if value else (1,)
        case str():
            return (f"{value}x",)
        case _:
            return ()


def _text(node: ast.AST) -> str:
    match node:
        case ast.If() | ast.For():
            return ast.unparse(node).partition("\n")[0]
        case ast.comprehension():
            return " ".join(f"if {ast.unparse(each)}" for each in node.ifs)
        case ast.ExceptHandler(type=ast.expr() as types):
            return ast.unparse(types)
        case _:
            return ast.unparse(node)


def _difference(before: str, after: str) -> str:
    """Show a change, with little of what stayed: `…one == other… -> …one != other…`."""
    shorter = min(len(before), len(after))
    same = next((at for at in range(shorter) if before[at] != after[at]), shorter)
    tail = next((at for at in range(shorter - same) if before[-1 - at] != after[-1 - at]), shorter - same)
    start, end = max(0, same - _SHOWN), max(0, tail - _SHOWN)
    shown = (text[start : len(text) - end] for text in (before, after))
    return " -> ".join("…" * (start > 0) + text + "…" * (end > 0) for text in shown).replace("\n", " ")
