"""Days of holidays are written into a policy where it says whose they are; all else of the file stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Place, PolicyErrors
from generator.diagnostics.yaml_events import BOM, refuse
from generator.policy import source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from generator.diagnostics.diagnostic import PolicyPath

SRC123 = Code(
    name="SRC123",
    title="Layout into which `alertc calendar` cannot write",
    meaning="`alertc calendar` leaves a file alone where it cannot be sure to change the days of holidays alone. Write "
    "`holidays`, and `days` in it, as plain mappings.",
)

_STEP = 2
_PLAIN = re.compile(r"[^\W\d_][\w .'\u2019()/+-]*", re.UNICODE)
_TAKEN = ("true", "false", "null", "yes", "no", "on", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands in `holidays` of a calendar once it is written."""

    route: PolicyPath
    through: int
    days: Mapping[date, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edit:
    begin: int
    end: int
    text: str


def with_days(raw: bytes, path: str, calendars: Mapping[PolicyPath, Written]) -> bytes:
    """Return the policy with these days; raises PolicyErrors where its layout does not allow that.

    Comments stay, and the lines of days that stay.
    """
    before = source.read(raw, path)
    ends = b"\r\n" if b"\r\n" in raw else b"\n"
    text = raw.removeprefix(BOM).replace(b"\r\n", b"\n").decode()
    edits = [edit for written in calendars.values() for edit in _edits(text, written)]
    for edit in sorted(edits, key=lambda edit: (edit.begin, edit.end), reverse=True):
        text = text[: edit.begin] + edit.text + text[edit.end :]
    changed = BOM * raw.startswith(BOM) + text.encode().replace(b"\n", ends)
    expected = before.tree
    for written in calendars.values():
        expected = _put(expected, written.route, written)
    if _tree(changed, path) != expected:
        refuse(
            SRC123.name,
            "the days of holidays cannot be written without changing what else the file says",
            Place(path=path),
            "write `holidays`, and `days` in it, as plain mappings",
        )
    return changed


def _tree(raw: bytes, path: str) -> Any:
    """Return the data of a policy; None where it cannot be read."""
    try:
        return source.read(raw, path).tree
    except PolicyErrors:
        return None


def _put(tree: Any, route: PolicyPath, written: Written) -> Any:
    """Return the data of the policy with the days at the end of `route`."""
    if not route:
        days = {day.isoformat(): name for day, name in written.days.items()}
        return {**tree, "through": str(written.through), "days": days}
    step, *rest = route
    return {**tree, step: _put(tree[step], tuple(rest), written)}


def _edits(text: str, written: Written) -> Iterator[_Edit]:
    """Yield the changes of one calendar, by their places in the text."""
    node = _at(yaml.compose(text, yaml.SafeLoader), written.route)
    through, days = (_entry(node, key) for key in ("through", "days"))
    if node.flow_style:
        new = []
        if through is None:
            new.append(f"through: {written.through}")
        if days is None:
            new.append(f"days: {_flow(written, _column(text, node))}")
        if new:
            last = node.value[-1][1].end_mark.index
            yield _Edit(begin=last, end=last, text=", " + ", ".join(new))
    else:
        indent = node.value[0][0].start_mark.column
        lines = f"{' ' * indent}through: {written.through}\n" if through is None else ""
        if days is None:
            lines += f"{' ' * indent}days:\n{''.join(_lines(written, indent + _STEP))}"
        begin = _line(text, node.value[0][0].start_mark.index) if _of_is_a_block(node) else _after(text, node)
        if lines:
            missing = "\n" if begin and text[begin - 1] != "\n" else ""
            yield _Edit(begin=begin, end=begin, text=missing + lines)
    if through is not None:
        yield _Edit(begin=through.start_mark.index, end=through.end_mark.index, text=str(written.through))
    if days is not None:
        yield _days(text, days, written)


def _days(text: str, days: Any, written: Written) -> _Edit:
    """Return the change of days that stand there already."""
    if days.flow_style:
        flow = _flow(written, _column(text, days))
        return _Edit(begin=days.start_mark.index, end=days.end_mark.index, text=flow)
    begin = _line(text, days.value[0][0].start_mark.index)
    kept: dict[tuple[str, str], str] = {}
    last = begin
    for key, value in days.value:
        end = _next_line(text, value.end_mark.index)
        kept[key.value, value.value] = text[last:end]
        last = end
    indent = days.value[0][0].start_mark.column
    new = (
        kept.get((day.isoformat(), name), line)
        for (day, name), line in zip(written.days.items(), _lines(written, indent), strict=True)
    )
    joined = "".join(line if line.endswith("\n") else f"{line}\n" for line in new)
    return _Edit(begin=begin, end=last, text=joined)


def _at(node: Any, route: PolicyPath) -> Any:
    for step in route:
        node = _entry(node, str(step))
    return node


def _entry(node: Any, key: str) -> Any:
    return next((value for name, value in node.value if name.value == key), None)


def _of_is_a_block(node: Any) -> bool:
    of = _entry(node, "of")
    return isinstance(of, yaml.SequenceNode) and not of.flow_style


def _after(text: str, node: Any) -> int:
    """Return where the line after `of` begins."""
    return _next_line(text, _entry(node, "of").end_mark.index)


def _line(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _next_line(text: str, index: int) -> int:
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _column(text: str, node: Any) -> int:
    """Return how far the line is indented in which a node begins."""
    line = text[_line(text, node.start_mark.index) :]
    return len(line) - len(line.lstrip(" "))


def _lines(written: Written, indent: int) -> Iterator[str]:
    for day, name in written.days.items():
        yield f"{' ' * indent}{day.isoformat()}: {_scalar(name)}\n"


def _flow(written: Written, indent: int) -> str:
    """Return the days within braces, a line for each."""
    lines = (f"{' ' * (indent + _STEP)}{day.isoformat()}: {_scalar(name)}" for day, name in written.days.items())
    joined = ",\n".join(lines)
    return f"{{\n{joined}\n{' ' * indent}}}"


def _scalar(name: str) -> str:
    """Return a name as YAML writes it."""
    if _PLAIN.fullmatch(name) and name == name.strip() and name.casefold() not in _TAKEN:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
