"""A tree of routes as a picture in the report."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.route_tree import Branch

_TITLE, _LINE = 14, 12
"""Sizes of letters, in pixels."""
_LETTER = 0.602
"""Width of a letter of a monospaced font, as a part of its size."""
_PADDING, _GAP, _ROW = 10, 12, 44
_MOST = 64
"""Characters of a line that are shown; the whole text is its tooltip."""

STYLE = """
.routes { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; background: #fff; }
.routes rect { fill: #f6f8fa; stroke: #8c959f; } .routes .message rect { fill: #ddf4ff; stroke: #218bff; }
.routes .step rect { fill: #fff8c5; stroke: #bf8700; } .routes path { fill: none; stroke: #8c959f; }
.routes text { fill: #1f2328; font-size: 12px; } .routes .title { font-size: 14px; font-weight: 600; }
@media screen and (prefers-color-scheme: dark) {
.routes { background: #0d1117; } .routes rect { fill: #161b22; stroke: #6e7681; }
.routes .message rect { fill: #0c2d6b; stroke: #388bfd; } .routes .step rect { fill: #341a00; stroke: #bb8009; }
.routes path { stroke: #6e7681; } .routes text { fill: #e6edf3; } }
"""
"""CSS of the picture; printed, it is always light."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Box:
    """A branch with its place: the left upper corner and the size, in pixels."""

    branch: Branch
    x: float
    y: float
    width: float
    height: float
    below: tuple[_Box, ...]

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def svg(tree: Branch, title: str) -> str:
    """Return the tree as SVG, from left to right; the page that holds it must include STYLE."""
    columns = list(_columns(tree))
    lefts = [_GAP + sum(columns[:depth]) + depth * _ROW for depth in range(len(columns))]
    root = _placed(tree, 0, float(_GAP), columns, lefts)
    size = (round(lefts[-1] + columns[-1] + _GAP), round(_extent(tree) + 2 * _GAP))
    attributes = 'class="routes" viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img"'.format(*size)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>',
            f"<title>{_xml(title)}</title>",
            *_drawn(root),
            "</svg>\n",
        )
    )


def _columns(tree: Branch) -> Iterator[float]:
    """Yield the width of each column: that of its widest box."""
    level = [tree]
    while level:
        yield max(_width(branch) for branch in level)
        level = [child for branch in level for child in branch.children]


def _width(branch: Branch) -> float:
    letters = max((len(_cut(line)) for line in branch.lines), default=0) * _LINE
    return max(letters, len(_cut(branch.title)) * _TITLE) * _LETTER + 2 * _PADDING


def _height(branch: Branch) -> float:
    return 2 * _PADDING + _TITLE + len(branch.lines) * (_LINE + 4)


def _extent(branch: Branch) -> float:
    """Return the height of a branch with everything below it."""
    below = sum(_extent(child) for child in branch.children) + _GAP * (len(branch.children) - 1)
    return max(_height(branch), below)


def _placed(branch: Branch, depth: int, top: float, columns: list[float], lefts: list[float]) -> _Box:
    """Return the box of a branch, centred beside the boxes of its children."""
    height, extent = _height(branch), _extent(branch)
    below: list[_Box] = []
    spare = extent - sum(_extent(child) for child in branch.children) - _GAP * (len(branch.children) - 1)
    next_top = top + spare / 2
    for child in branch.children:
        below.append(_placed(child, depth + 1, next_top, columns, lefts))
        next_top += _extent(child) + _GAP
    return _Box(
        branch=branch,
        x=lefts[depth],
        y=top + (extent - height) / 2,
        width=columns[depth],
        height=height,
        below=tuple(below),
    )


def _drawn(box: _Box) -> Iterator[str]:
    for child in box.below:
        bend = child.x - _ROW / 2
        yield f'<path d="M{box.x + box.width:.0f} {box.middle:.0f}H{bend:.0f}V{child.middle:.0f}H{child.x:.0f}"/>'
    yield f'<g class="{box.branch.kind}">'
    yield (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{box.height:.0f}" rx="6"/>'
        f"{_text(box, 0, box.branch.title, 'title')}"
    )
    for number, line in enumerate(box.branch.lines, start=1):
        yield _text(box, number, line, "line")
    yield "</g>"
    for child in box.below:
        yield from _drawn(child)


def _text(box: _Box, number: int, text: str, kind: str) -> str:
    y = box.y + _PADDING + _TITLE - 3 + number * (_LINE + 4)
    shown = _cut(text)
    whole = f"<title>{_xml(text)}</title>" if shown != text else ""
    return f'<text class="{kind}" x="{box.x + _PADDING:.0f}" y="{y:.0f}">{_xml(shown)}{whole}</text>'


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


def _xml(text: str) -> str:
    """Return text escaped for XML, with spaces for characters that are not printable."""
    return escape("".join(character if character.isprintable() else " " for character in text))
