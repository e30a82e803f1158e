"""What is no tree: message templates and the procedure, changed action by action, line by line, cell by cell."""

import re

_ACTION = re.compile(r"\{\{-?\s*(?!/\*)(.*?)\s*-?\}\}", re.DOTALL)
_READ = re.compile(r"\.(Annotations|Labels|CommonLabels|CommonAnnotations)\b(?:\.(\w+))?")
_NUMBER = re.compile(r"(?<![\w.-])\d+(?:[smhd]\b)?(?:\d+[smhd])*")


def changes(artifact):
    """Yield all changes of a text, as `keys.changes` does."""
    some = _of_template if artifact.path.endswith(".tmpl") else _of_page
    for key, how, what, text in some(artifact.text):
        yield artifact.path, key, how, what, lambda text=text: text


def _of_template(text):
    """Yield a template with an action gone or reading something else, and with words gone or others."""
    defined = ""
    end = 0
    for action in re.finditer(r"\{\{.*?\}\}", text, re.DOTALL):
        if words := _words(text[end : action.start()]):
            yield from _of_words(text, end, action.start(), defined, words)
        end = action.end()
        if action[0].startswith("{{/*"):
            continue
        if name := re.search(r'define "([^"]+)"', action[0]):
            defined = name[1]
        yield f"{defined} {{{{}}}}", "removed", action[0], text[: action.start()] + text[action.end() :]
        for other in _other_actions(action[0]):
            yield f"{defined} {{{{}}}}", "other", f"{action[0]} is {other}", text[: action.start()] + other + text[end:]


def _words(text):
    return text.strip()


def _of_words(text, start, end, defined, words):
    yield f"{defined} words", "removed", words, text[:start] + text[end:]
    yield f"{defined} words", "other", f"{words} x", text[:end] + "x" + text[end:]


def _other_actions(action):
    """Yield what an action may become: it reads another label or annotation, another list, or counts otherwise."""
    for read in _READ.finditer(action):
        for other in ("summary", "description", "public", "severity"):
            if read[2] and read[2] != other:
                yield action[: read.start(2)] + other + action[read.end(2) :]
    for before, after in (
        (".Alerts.Firing", ".Alerts.Resolved"),
        (".Alerts.Firing", ".Alerts"),
        ("le ", "gt "),
        ("ne ", "eq "),
        ("20", "2"),
        ("20", "2000"),
        ('"P0"', '"P3"'),
        ("4000", "4"),
        ("500", "5"),
    ):
        if before in action:
            yield action.replace(before, after, 1)


def _of_page(text):
    """Yield a page with a line gone, there twice, or with another number, name or cell."""
    lines = text.splitlines(keepends=True)
    heading, columns = "", ()
    for number, line in enumerate(lines):
        before, after = "".join(lines[:number]), "".join(lines[number + 1 :])
        if not line.strip() or line.startswith(("<!--", "|---")):
            continue
        if line.startswith("#"):
            heading, columns = line.strip(), ()
            continue
        is_table = line.startswith("|")
        if is_table and not columns:
            columns = _cells(line)
            continue
        key = f"{heading} {'table' if is_table else 'text'}"
        yield key, "removed", line.strip(), before + after
        for other in _other_lines(line, lines[number - 1], lines[number + 1] if number + 1 < len(lines) else ""):
            yield key, "other", f"{line.strip()} is {other.strip()}", before + other + after


def _other_lines(line, above, below):
    """Yield a line with each number changed, and each cell that of a neighbour, or each word gone."""
    for number in _NUMBER.finditer(line):
        value = re.match(r"\d+", number[0])
        yield f"{line[: number.start()]}{int(value[0]) + 7}{number[0][value.end() :]}{line[number.end() :]}"
    cells = _cells(line)
    for neighbour in (above, below):
        others = _cells(neighbour) if neighbour.startswith("|") and not neighbour.startswith("|---") else ()
        for place, (cell, other) in enumerate(zip(cells, others, strict=False)):
            if cell != other and cell:
                yield "|" + "|".join([*cells[:place], other, *cells[place + 1 :]]) + "|\n"
    if not cells:
        words = line.split()
        if len(words) > 3:
            yield (
                line.replace(f" {words[-2]} ", " ", 1) if f" {words[-2]} " in line else line.replace(words[-1], "x", 1)
            )


def _cells(line):
    return tuple(re.split(r"(?<!\\)\|", line.strip())[1:-1]) if line.startswith("|") else ()
