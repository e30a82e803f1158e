"""What the public may read: each alert's text `public`, and the words of the template itself. Nothing else."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER, MESSAGES, shown
from generator.behaviour.verification import Finding
from generator.checks.files import go_template
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.behaviour import Receiver as Rendered
    from generator.behaviour.fields import Field
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Receiver
    from generator.system.programs import Result

TPL603 = Code(
    name="TPL603",
    title="Public message reads internal data",
    meaning="A field that the public sees reads more than `.Annotations.public`. Correct the template.",
)

TPL604 = Code(
    name="TPL604",
    title="Public message sent by webhook",
    meaning="A webhook carries every label of an alert. Send public messages to Slack or e-mail.",
)

TPL605 = Code(
    name="TPL605",
    title="Public message uses Alertmanager's defaults",
    meaning="Alertmanager's default texts show labels. Set the field, to '' where it is to be empty.",
)

TPL606 = Code(
    name="TPL606",
    title="Public message depends on the alert",
    meaning="The message says more than the public text. Correct the template.",
)

TPL611 = Code(
    name="TPL611",
    title="Public message lacks the public text",
    meaning="An alert has a text for the public, and no field of the message says it. Let the template show "
    "`.Annotations.public` of each alert that fires.",
)

_PUBLIC = "ALERTC-PUBLIC-TEXT"
_INTERNAL = "ALERTC-INTERNAL"
_NAME = re.compile(r"[A-Za-z_]\w*")


def check(verification: Verification) -> Iterator[Finding]:
    """TPL603: a public receiver uses internal data; TPL604: its kind shows labels; TPL605: it uses default texts."""
    known_templates = _definitions(verification)
    for promised, rendered in _receivers(verification):
        yield from _kinds(promised, rendered)
        yield from _defaults(promised, rendered)
        seen: set[tuple[str, str, int]] = set()
        for field in verification.fields[rendered.name]:
            yield from _reaching(verification, promised, field, known_templates, seen)


def _receivers(verification: Verification) -> Iterator[tuple[Receiver, Rendered]]:
    rendered = {receiver.name: receiver for receiver in verification.behaviour.receivers}
    for promised in verification.plan.receivers:
        if promised.public and promised.name in rendered:
            yield promised, rendered[promised.name]


def _definitions(verification: Verification) -> go_template.Definitions:
    """Return all definitions of each named template."""
    texts = verification.texts(MESSAGES)
    known = go_template.merged(go_template.definitions(text, path) for path, text in texts.items())
    return {name: bodies for name, bodies in known.items() if name}


def _kinds(promised: Receiver, rendered: Rendered) -> Iterator[Finding]:
    for integration in rendered.integrations:
        if not integration.kind.public:
            yield _finding(
                promised,
                TPL604.name,
                f"the public receiver {promised.name} sends to {integration.kind.name}, which carries every label",
                integration.where,
                (),
                "a draft for the public goes to Slack or e-mail",
            )


def _defaults(promised: Receiver, rendered: Rendered) -> Iterator[Finding]:
    for integration in rendered.integrations:
        for text in integration.kind.texts if integration.kind.public else ():
            value: object = integration.settings
            for step in text.way:
                value = _entry(value, step)
            if value is None:
                yield _finding(
                    promised,
                    TPL605.name,
                    f"the public receiver {promised.name} leaves `{'.'.join(text.way)}` to Alertmanager's default",
                    integration.where,
                    (),
                    "set it in the template, to '' where it should say nothing",
                )


def _entry(value: object, step: str) -> object:
    """Return an entry by key, ignoring case: Alertmanager does so for e-mail headers."""
    if not isinstance(value, dict):
        return None
    return next((below for key, below in value.items() if str(key).lower() == step), None)


def _reaching(
    verification: Verification,
    promised: Receiver,
    field: Field,
    known_templates: go_template.Definitions,
    seen: set[tuple[str, str, int]],
) -> Iterator[Finding]:
    """Yield a finding for each use of internal data in a field; `seen` holds those reported for other fields."""
    for reach in go_template.reaches(field.text, known_templates):
        place = (reach.template, reach.path, reach.offset)
        if reach.template and place in seen:
            continue
        seen.add(place)
        name = ".".join(map(str, field.name))
        finding = _finding(
            promised,
            TPL603.name,
            f"the `{name}` of the public receiver {promised.name} reaches for {reach.what}",
            field.where,
            (),
            "the public reads `.Annotations.public` of each alert, and the template's own words",
        )
        if reach.path:
            text = verification.texts(reach.path)[reach.path]
            line = text.count("\n", 0, reach.offset) + 1
            column = reach.offset - (text.rfind("\n", 0, reach.offset) + 1) + 1
            at = Place(path=shown(reach.path), line=line, column=column)
            yield Finding(diagnostic=replace(finding.diagnostic, artifact=at))
        else:
            yield finding


def _finding(
    promised: Receiver, code: str, message: str, where: EntryPath, notes: tuple[str, ...], help: str
) -> Finding:
    diagnostic = Diagnostic(code=code, message=message, route=promised.route, on_key=True, notes=notes, help=help)
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)


# ------------------------------------------------------------------------------------------- what it says in fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A public field rendered with placeholder values, which shows which data of an alert it reveals."""

    receiver: str
    field_text: str
    status: str
    annotated: bool
    text: str
    data: str
    where: EntryPath


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedField:
    """The text of a public field, rendered for a real alert; `annotation` is the alert's `public` text."""

    receiver: str
    field_text: str
    status: str
    alert: str
    annotation: str | None
    rendered: str
    where: EntryPath


def probes(verification: Verification, fields: Mapping[str, Sequence[Field]]) -> tuple[Probe, ...]:
    """Return the probes of all public fields: with and without `public` text, firing and resolved."""
    names = _named(verification, fields)
    return tuple(
        Probe(
            receiver=promised.name,
            field_text=field.text,
            status=status,
            annotated=annotated,
            text=field.text,
            data=_marked(status, annotated, names),
            where=field.where,
        )
        for promised, rendered in _receivers(verification)
        for field in {field.text: field for field in fields.get(promised.name, ())}.values()
        for status in (
            ("firing", "resolved")
            if any(integration.resolved for integration in rendered.integrations)
            else ("firing",)
        )
        for annotated in (True, False)
    )


def _named(verification: Verification, fields: Mapping[str, Sequence[Field]]) -> frozenset[str]:
    """Return every name that a template says, in whatever way: `.Labels.x` or `index .Labels "x"`."""
    texts = [field.text for receiver_fields in fields.values() for field in receiver_fields]
    return frozenset(_NAME.findall("\n".join([*texts, *verification.texts(MESSAGES).values()])))


def _marked(status: str, annotated: bool, names: Iterable[str]) -> str:
    """Return Alertmanager's template data with a placeholder in place of every value but the `public` text."""
    usual = ("alertname", "severity", "service", "team", "environment", "summary", "description", "runbook_url")
    labels = dict.fromkeys(sorted({*names, *usual}), _INTERNAL)
    annotations = {name: value for name, value in labels.items() if name != "public"}
    if annotated:
        annotations["public"] = _PUBLIC
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": "2026-01-05T09:00:00Z",
        "endsAt": "2026-01-05T10:00:00Z",
        "generatorURL": f"http://{_INTERNAL}",
        "fingerprint": _INTERNAL,
    }
    return json.dumps(
        {
            "receiver": _INTERNAL,
            "status": status,
            "alerts": [alert],
            "groupLabels": labels,
            "commonLabels": labels,
            "commonAnnotations": annotations,
            "externalURL": f"http://{_INTERNAL}",
        }
    )


def judge(
    verification: Verification, probes: Sequence[Probe], results: Sequence[Result], rendered: Iterable[RenderedField]
) -> Iterator[Finding]:
    """TPL606: a public field shows more of an alert than its `public` text. TPL611: no field shows that."""
    rendered = tuple(rendered)
    yield from _unsaid(verification, rendered)
    expected: dict[tuple[str, str, bool], str] = {}
    receivers = {receiver.name: receiver for receiver in verification.plan.receivers}
    leaking: set[str] = set()
    for probe, result in zip(probes, results, strict=True):
        if result.code == 0:
            expected[probe.field_text, probe.status, probe.annotated] = result.stdout
        if _INTERNAL in result.stdout and probe.field_text not in leaking:
            leaking.add(probe.field_text)
            yield _leak(receivers[probe.receiver], probe.where, "internal data", result.stdout)
    public = {probe.receiver for probe in probes}
    for message in rendered:
        pattern = expected.get((message.field_text, message.status, message.annotation is not None))
        if message.receiver not in public or pattern is None or message.field_text in leaking:
            continue
        if message.rendered != pattern.replace(_PUBLIC, message.annotation or ""):
            leaking.add(message.field_text)
            yield _leak(
                receivers[message.receiver],
                message.where,
                f"more than the public text of {message.alert}",
                message.rendered,
            )


def _unsaid(verification: Verification, rendered: Iterable[RenderedField]) -> Iterator[Finding]:
    """Yield a finding for each receiver that does not hear the public text of an alert that fires."""
    receivers = {receiver.name: receiver for receiver in verification.plan.receivers if receiver.public}
    said: dict[tuple[str, str, str], list[RenderedField]] = {}
    for message in rendered:
        if message.annotation and message.status == "firing" and message.receiver in receivers:
            said.setdefault((message.receiver, message.alert, message.annotation), []).append(message)
    told: set[str] = set()
    for (receiver, alert, text), fields in said.items():
        if receiver not in told and not any(text in html.unescape(field.rendered) for field in fields):
            told.add(receiver)
            yield _finding(
                receivers[receiver],
                TPL611.name,
                f"the public receiver {receiver} does not tell the public text of {alert}",
                fields[0].where[:-1],
                (f"the text: {text}",),
                "let a field of the message show `.Annotations.public` of each alert that fires",
            )


def _leak(promised: Receiver, where: EntryPath, what: str, text: str) -> Finding:
    return _finding(
        promised,
        TPL606.name,
        f"the public receiver {promised.name} tells {what}",
        where,
        (f"it says: {text if len(text) <= 200 else f'{text[:199]}…'}",),
        "the public reads `.Annotations.public` of each alert, and the template's own words",
    )
