"""The templates: Jinja with `<< >>` and `<% %>`, since `{{ }}` belongs to Prometheus and Alertmanager.

Templates place and loop; what they place is computed before, and quoted by the filters here.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import BaseLoader, FileSystemLoader, StrictUndefined, TemplateNotFound, TemplateSyntaxError, UndefinedError

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors
from generator.policy import duration
from generator.system import files
from generator.targets.compiled import Compiled
from generator.targets.sandbox import Sandbox, TooMuch, limits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta

    from jinja2 import Environment

TPL401 = Code(
    name="TPL401",
    title="Template error",
    meaning="A template of the project fails at the line that is shown. Correct it.",
)

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/.-]*(?: [A-Za-z0-9_/.,()-]+)*")
_MEANS_SOMETHING = re.compile(r"(?i:y|n|yes|no|on|off|true|false|null|nan|inf)")
_AWKWARD = re.compile(
    r"[^\S\n ]|[^\x20-\x7e\n\u00a1-\ud7ff\ue000-\ufdcf\ufdf0-\ufeff\U00010000-\U0010ffff]|\u00ad|\ufeff"
)
_LONG = 100

MOST_CHARACTERS = 200_000_000
"""Of one file; all rules of 100,000 alerts have fewer."""
_RECURSION = "it goes round in circles: a macro or an include that uses itself without end"


class Templates:
    """The templates of a project: `folder` goes before the packaged ones, file by file."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None:
            help = "put the templates there themselves, or name their folder with --templates"
            files.refuse_astray(folder, TPL401.name, help)
        folders = [path for path in (folder, packaged_templates()) if path is not None and path.is_dir()]
        loader: BaseLoader = _Fenced(list(dict.fromkeys(map(str, folders))))
        self._environment = Sandbox(
            loader=loader,
            undefined=StrictUndefined,
            block_start_string="<%",
            block_end_string="%>",
            variable_start_string="<<",
            variable_end_string=">>",
            comment_start_string="<#",
            comment_end_string="#>",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,  # a run sees its templates once
            bytecode_cache=Compiled(),
            autoescape=False,  # YAML and JSON, not HTML: the filters quote
        )
        self._environment.filters.update(_FILTERS)

    def digest(self) -> str:
        """Return a digest of all templates: where it is the same, the same values are rendered alike."""
        loader = self._environment.loader
        if loader is None:
            raise ValueError("the environment above has a loader")
        found = hashlib.sha256()
        for name in loader.list_templates():
            try:
                text, _, _ = loader.get_source(self._environment, name)
            except (TemplateNotFound, LedAstray, OSError, UnicodeDecodeError):
                continue  # it is no template: rendering fails where it is one
            found.update(f"{name}\0{len(text)}\0{text}".encode(errors="surrogateescape"))
        return found.hexdigest()

    def render(self, name: str, **values: Any) -> str:
        """Return what the template `name` says; raises PolicyErrors with the template's line where it fails.

        A template that does not end, or takes all memory, is stopped.
        """
        try:
            with limits():
                text = self._environment.get_template(name).render(values)
                if len(text) > MOST_CHARACTERS:
                    raise TooMuch(f"it prints {len(text):,} characters, more than {MOST_CHARACTERS:,}")
                return text
        except Exception as error:  # a template is the user's code: whatever it raises is its fault
            raise PolicyErrors(_fault(name, error)) from error


class LedAstray(Exception):
    """A template is a link that leads out of the repository."""

    def __init__(self, template: str) -> None:
        super().__init__("it is a link that leads out of the repository")
        self.template = template


class _Fenced(FileSystemLoader):
    """Reads templates, but through no link that leads out of the repository in which it lies."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return the template's text and where it is; raises LedAstray where that is elsewhere."""
        for folder in self.searchpath:
            path = Path(folder, template)
            if os.path.lexists(path):
                if files.outside(path):
                    raise LedAstray(template)
                break
        return super().get_source(environment, template)


def packaged_templates() -> Path:
    """Return the folder of the templates that come with alertc: in the wheel, else in the checkout."""
    package = Path(__file__).parent.parent
    inside = package / "_templates"
    return inside if inside.is_dir() else package.parent / "templates"


def _fault(name: str, error: Exception) -> Diagnostic:
    line = error.lineno if isinstance(error, TemplateSyntaxError) else _line_in_template(name, error)
    if isinstance(error, TemplateSyntaxError) and error.name:
        name = error.name
    kind = "uses something undefined" if isinstance(error, UndefinedError) else "fails"
    why, help = str(error) or type(error).__name__, "compare it with the packaged template"
    if isinstance(error, RecursionError):
        why = _RECURSION
    elif isinstance(error, TemplateNotFound):
        why = f"there is no template {error.name}"  # Jinja lists where it looked: paths of this machine
    elif isinstance(error, LedAstray):
        kind, name, line, help = "is not read", error.template, 0, "put a copy of the file there"
    elif isinstance(error, MemoryError):
        why = "it needs more memory than it may have"
    return Diagnostic(
        code=TPL401.name,
        message=f"the template {name} {kind}: {why}",
        place=Place(path=f"templates/{name}", line=line, column=1 if line else 0),
        help=help,
    )


def _line_in_template(name: str, error: Exception) -> int:
    """Return the line of the template in which `error` was raised (Jinja rewrites tracebacks so that they name it)."""
    line, frame = 0, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.endswith(name):
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


@lru_cache(maxsize=16384)
def scalar(text: str) -> str:
    """Return `text` as a YAML scalar on one line, quoted only where YAML would read something else."""
    if _PLAIN.fullmatch(text) and not _MEANS_SOMETHING.fullmatch(text):
        return text
    if "\n" in text or _AWKWARD.search(text):
        return _AWKWARD.sub(_escape, json.dumps(text, ensure_ascii=False))
    return "'" + text.replace("'", "''") + "'"


def _escape(character: re.Match[str]) -> str:
    # Not as JSON does it: to YAML a pair of surrogates is no character.
    return f"\\U{ord(character[0]):08x}"


def block(text: str, indent: int) -> str:
    """Return `text` as a YAML scalar that may take several lines, which are indented by `indent` spaces."""
    if len(text) <= _LONG and "\n" not in text:
        return scalar(text)
    lines = text.split("\n")
    fits = not _AWKWARD.search(text) and all(lines) and not any(line.endswith(" ") for line in lines)
    if not fits or text.startswith(" "):
        return scalar(text)
    margin = "\n" + " " * indent
    return "|-" + margin + margin.join(lines)


def mapping(texts: Mapping[str, str], indent: int) -> str:
    """Return labels or annotations as the lines of a YAML mapping that stands `indent` spaces deep."""
    return ("\n" + " " * indent).join([_entry(name, text, indent + 2) for name, text in texts.items()])


@lru_cache(maxsize=65536)
def _entry(name: str, text: str, indent: int) -> str:
    # Most labels, and many annotations, are those of many rules.
    return f"{name_of(name)}: {block(text, indent)}"


def literal(text: str, indent: int) -> str:
    """Return `text` as a YAML scalar whose lines are those of the text, indented by `indent` spaces."""
    lines = text.removesuffix("\n").split("\n")
    if _AWKWARD.search(text) or not lines[0] or not lines[-1] or lines[0].startswith(" ") or not text.endswith("\n"):
        return scalar(text)
    margin = " " * indent
    return "\n".join(("|", *(f"{margin}{line}" if line else line for line in lines)))


def texts(values: Mapping[str, str], indent: int) -> str:
    """Return keys and texts of an object of Kubernetes as the lines of a mapping that stands `indent` spaces deep."""
    return ("\n" + " " * indent).join(f"{scalar(key)}: {scalar(text)}" for key, text in values.items())


_SIMPLE_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


@lru_cache(maxsize=4096)
def name_of(name: str) -> str:
    """Return the name of an alert, a metric or a label as a YAML scalar: `null` and `a:` are names, too."""
    if not _SIMPLE_NAME.fullmatch(name):
        return scalar(name)
    return f"'{name}'" if name.endswith(":") or _MEANS_SOMETHING.fullmatch(name) else name


def as_json(value: Any, indent: int = 0) -> str:
    """Return `value` as JSON; lists and mappings over several lines, the following lines indented by `indent`."""
    if isinstance(value, (str, int, bool)) or value is None:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * indent)


def terraform(text: str) -> str:
    """Return `text` as a string of Terraform's JSON that means exactly this: there `${` and `%{` begin templates."""
    return as_json(text.replace("${", "$${").replace("%{", "%%{"))


def terraform_email(email: str) -> str:
    """Return an e-mail address for Terraform as PagerDuty writes it: its provider tells addresses apart by their case.

    Whom nobody has invited is looked up as the policy writes it, so that the provider says who is missing.
    """
    known, written = (_terraform_literal(text) for text in (email.lower(), email))
    return as_json(f"${{lookup(local.emails, {known}, {written})}}")


def _terraform_literal(text: str) -> str:
    return json.dumps(text.replace("${", "$${").replace("%{", "%%{"), ensure_ascii=False)


def clock(minutes: int) -> str:
    """Return minutes since midnight as 09:00."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


_EDGE = re.compile(r"^\s+|\s+$")
_SPACE = re.compile(r"[ \t\n]+")
_MARKUP = re.compile(
    r"[`*\[\]~|]"
    r"|\\(?=[!-/:-@\[-`{-~]|$)"  # a backslash that would escape something
    r"|<(?=[A-Za-z/!?])"
    r"|(?<=\s)#(?=#*$)"  # a heading may end in some
    r"|&(?=#?\w+;)"
    r"|(?<![^\W_])_|_(?![^\W_])",  # inside of a word an underscore is one
    re.MULTILINE,
)
_LINE_START = re.compile(r"^(?=#{1,6}(?:\s|$)|[-+](?:\s|$)|>|[=-]+$)")
_NUMBERED = re.compile(r"^(\d{1,9})(?=[.)](?:\s|$))")


def markdown(text: str) -> str:
    """Return Markdown that says `text` and nothing else, on one line: HTML, links and emphasis are text, too."""
    if text.isalnum():
        return text  # most names
    return _escaped(_SPACE.sub(" ", text).strip(" "))


def cell(text: str) -> str:
    """Return `text` for a cell of a Markdown table."""
    return markdown(text)


def paragraphs(text: str) -> str:
    """Return Markdown that says `text` line by line; empty lines end paragraphs."""
    return "\n".join(markdown(line) for line in text.strip("\n").split("\n"))


@lru_cache(maxsize=16384)
def _escaped(line: str) -> str:
    """Return a line whose characters all stand for themselves, also where a line begins."""
    text = _NUMBERED.sub(r"\1\\", _LINE_START.sub(r"\\", _MARKUP.sub(r"\\\g<0>", line)))
    # Emphasis does not end behind a space, of whichever script.
    return _EDGE.sub(lambda spaces: "".join(f"&#{ord(space)};" for space in spaces[0]), text)


def link_target(url: str) -> str:
    """Return a URL for `[title](URL)`."""
    return re.sub(r"[()<>\\`]|&(?=#?\w+;)", r"\\\g<0>", url)


def go_string(text: str) -> str:
    """Return `text` as a string of a Go template, such as in `{{ template "x" . }}`."""
    return json.dumps(text, ensure_ascii=False)


def go_text(text: str) -> str:
    """Return `text` for the body of a Go template that is to say exactly this."""
    return text.replace("{{", '{{ "{{" }}') if "{{" in text else text


def _length(value: timedelta) -> str:
    return duration.write(value)


_FILTERS: Mapping[str, Callable[..., str]] = {
    "scalar": scalar,
    "block": block,
    "mapping": mapping,
    "literal": literal,
    "texts": texts,
    "json": as_json,
    "terraform": terraform,
    "terraform_email": terraform_email,
    "clock": clock,
    "cell": cell,
    "markdown": markdown,
    "paragraphs": paragraphs,
    "link_target": link_target,
    "name": name_of,
    "duration": _length,
    "go_string": go_string,
    "go_text": go_text,
}
