"""Templates where rules or routes should be: of Helm, Jsonnet, ERB or Jinja, and the command that renders them."""

from __future__ import annotations

import re

from generator.audit.reading_codes import AUD903
from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from generator.system.record import record


@record
class Language:
    """A language of templates, and the command that renders a file."""

    name: str
    command: str
    """Empty: nobody knows but who deploys it."""
    by_name: bool = False
    """Whether the names of its files say enough."""


HELM = Language(name="Helm", command="helm template CHART | {audit} -")
JSONNET = Language(name="Jsonnet", command="jb install && jsonnet -J vendor -S {path} | {audit} -", by_name=True)
ERB = Language(name="ERB", command="erb {path} | {audit} -")
JINJA = Language(name="Jinja", command="")
GO = Language(name="Go templates", command="")

_SUFFIXES = {
    ".jsonnet": JSONNET,
    ".libsonnet": JSONNET,
    ".erb": ERB,
    ".j2": JINJA,
    ".jinja": JINJA,
    ".jinja2": JINJA,
    ".gotmpl": GO,
    ".ctmpl": GO,
}
# `{{ $labels.x }}` and `{{ if gt $value 1.0 }}` are Prometheus' own; what is below is in no text of Prometheus. What
# may be a slip in one text counts only where a file is no YAML: it hides no other alert of the file.
_HELM = re.compile(
    rb"\{\{[^}\n]*?[\s({$-]\.(?:Values|Release|Chart|Capabilities|Files)\.\w"
    rb"|\{\{-?\s*(?:include|tpl|toYaml|\$?\.Values)\b"
)
# Go's own quotes, which hide a template from Helm; where the file is YAML as it is, Prometheus reads them, too.
_QUOTED = re.compile(rb"\{\{-?\s*`|\{\{-?\s*\"\{\{")
_ERB = re.compile(rb"<%[=#-]?[^%\n]*-?%>")
_JINJA = re.compile(rb"\{%[-+]?\s*\w[^\n]*?%\}|\{\{\s*'\{\{|\{#[^\n]*?#\}")
# A variable by its bare name, which neither Prometheus nor Alertmanager has, but for functions without arguments.
_VARIABLE = re.compile(
    rb"\{\{[-+]?\s*(?!(?:end|else|break|continue|externalURL|pathPrefix|true|false|nil)\b)"
    rb"[A-Za-z_]\w*(?:[.\[][^{}\n]*|\s*\|[^{}\n]*|\s*[-+]?)\}\}"
)
_BRACKETS = re.compile(
    rb"\[\[-?\s*(?:(?:if|range|with|end|else|env|key|var|template|include|meta)\b|\.\w)[^\n\]]*-?\]\]"
)
_STATEMENT = re.compile(rb"^\s*\{\{[-#/]?", re.MULTILINE)
_RULES = re.compile(rb"^\s*(?:- )*[\"']?(?:groups|alert|record)[\"']?\s*::?:?", re.MULTILINE)


def language(raw: bytes, path: str, *, is_yaml: bool) -> Language | None:
    """Return the language of the template that a file is; None where it is none.

    A file that is no YAML may be shown to be a template by less than one that is: a line of `{{ if .x }}` is enough.
    """
    named = next((found for suffix, found in _SUFFIXES.items() if path.endswith(suffix)), None)
    if named is not None and (named.by_name or not is_yaml):
        return named
    if b"{{" in raw and (_HELM.search(raw) or (not is_yaml and _QUOTED.search(raw))):
        return HELM
    if b"<%" in raw and _ERB.search(raw):
        return ERB
    if (b"{%" in raw and _JINJA.search(raw)) or (not is_yaml and b"{{" in raw and _VARIABLE.search(raw)):
        return JINJA
    if b"[[" in raw and _BRACKETS.search(raw):
        return GO
    if not is_yaml and _STATEMENT.search(raw):
        return GO
    return None


def looks_like_rules(raw: bytes) -> bool:
    """Return whether a file that cannot be read seems to be about rules."""
    return (b"alert" in raw or b"groups" in raw or b"record" in raw) and _RULES.search(raw) is not None


def finding(kind: Language, path: str, option: str, level: Level) -> Diagnostic:
    """Return the finding that a file is a template; `option` is the option of `audit` that named it."""
    command = kind.command.format(path=path, audit=f"alertc audit {option}")
    return Diagnostic(
        code=AUD903.name,
        message=f"{path} is a template ({kind.name}): what it writes is known only when it is rendered",
        level=level,
        place=Place(path=path),
        help=f"render it and audit what comes out: `{command}`"
        if command
        else f"render it as your deployment does, and audit what comes out: `alertc audit {option} RENDERED`",
    )
