"""Every message that a receiver can send is rendered, by amtool: one whose template fails is never delivered.

`amtool check-config` does not look into the fields of receivers, so each is rendered for each alert that reaches it,
and for groups of alerts (`message_groups`), firing and (where it is told so) resolved.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER, shown
from generator.behaviour.verification import Finding, Question
from generator.checks.files import amtool, inputs, message_groups, message_sizes, public, rendered_twice
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from generator.policy.environments import has_own_files, is_first
from generator.system import programs
from generator.system.programs import Command
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.fields import Field
    from generator.behaviour.verification import Verification
    from generator.checks.files.message_groups import Group, Said
    from generator.system.programs import Result
    from generator.upstream.alertmanager.match import RouteNode

TPL601 = Code(
    name="TPL601",
    title="Message template fails",
    meaning="Alertmanager cannot render the message, so it would retry and never deliver it. Correct the template.",
)

TPL602 = Code(
    name="TPL602",
    title="Message is empty",
    meaning="A receiver would get an empty message for an alert. Correct the template.",
)

TPL607 = Code(
    name="TPL607",
    title="Only a sample of the messages was rendered",
    meaning="There are many alerts, so one of each shape was rendered. Nothing is wrong.",
)

MOST_ALERTS = 500
"""Beyond it one alert of each shape is rendered: each takes two or three runs of amtool, 15 ms each."""

_SEPARATOR = "\x1e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One run of amtool, which renders several templates for one group of alerts."""

    group: Group
    fields: tuple[Field, ...]
    data: str
    html: bool

    @property
    def texts(self) -> tuple[str, ...]:
        """The templates to render, without duplicates."""
        return tuple(dict.fromkeys(field.text for field in self.fields))


def ask(verification: Verification) -> Question:
    """TPL601 to TPL610: what amtool makes of each template, for each alert and for groups of alerts."""
    program = amtool.program(verification.plan)
    patterns = amtool.template_patterns(verification)
    globs = tuple(f"--template.glob={pattern}" for pattern in patterns or ["-"])
    folder = (verification.folder / ALERTMANAGER).parent
    read = inputs.of_files(folder, patterns)

    def command(text: str, data: str, html: bool) -> Command:
        kind = "html" if html else "text"
        # The data come on stdin: no file of ours is left behind, and none has to be named.
        options = f"--template.type={kind}", f"--template.text={text}", "--template.data=/dev/stdin"
        argv: tuple[str | Path, ...] = (program.path, "template", "render", *globs, *options)
        return Command(argv=argv, cwd=folder, env=programs.SIDE_BY_SIDE, stdin=data, inputs=read)

    alerts = tuple(_once_each(verification))
    fields = {
        name: tuple(field for field in receiver_fields if message_sizes.in_bytes(field) <= message_sizes.MOST_BYTES)
        for name, receiver_fields in verification.fields.items()
    }
    shapes = _shapes(alerts, fields)
    many, policy = len(alerts) > MOST_ALERTS, verification.plan.policy
    # Where environments share their rules, the first has told all of their texts.
    repeated = not is_first(policy) and not has_own_files(policy)
    chosen = shapes if many or repeated else alerts
    calls = tuple(_calls(verification, chosen, shapes, fields))
    probes = public.probes(verification, fields)

    def judge(results: tuple[Result, ...]) -> Iterator[Finding]:
        call_results, probe_results = results[: len(calls)], results[len(calls) :]
        yield from message_sizes.unrenderable(verification)
        if many and len(chosen) < len(alerts):
            yield _sampling(len(alerts), len(chosen))
        for result in results:
            _trust(result)
        failures = [
            (call, result) for call, result in zip(calls, call_results, strict=True) if _texts(call, result) is None
        ]
        yield from _failures(verification, failures, command)
        rendered = [
            (call, texts)
            for call, result in zip(calls, call_results, strict=True)
            if (texts := _texts(call, result)) is not None
        ]
        yield from _empty(verification, rendered)
        said = [(call.group, _said(call, texts)) for call, texts in rendered]
        yield from rendered_twice.judge(verification, said)
        yield from message_sizes.judge(verification, said)
        yield from public.judge(
            verification, probes, tuple(map(_unframed, probe_results)), _public_texts(rendered, probes)
        )

    return Question(
        commands=(
            *(command(_framed(_joined(call.texts)), call.data, call.html) for call in calls),
            *(command(_framed(probe.text), probe.data, False) for probe in probes),
        ),
        judge=judge,
    )


# ------------------------------------------------------------------------------------------- what is to be rendered


def _calls(
    verification: Verification,
    alerts: Sequence[SentAlert],
    shapes: Sequence[SentAlert],
    fields: Mapping[str, tuple[Field, ...]],
) -> Iterator[Call]:
    """Yield the amtool runs for all fields and groups; receivers with the same data share a run."""
    told_when_over = {
        receiver.name
        for receiver in verification.behaviour.receivers
        if any(integration.resolved for integration in receiver.integrations)
    }
    templates = {name: tuple(field.text for field in receiver_fields) for name, receiver_fields in fields.items()}
    used = "".join([*chain.from_iterable(templates.values()), *verification.texts("alertmanager/templates/").values()])
    by_group, by_receiver = "GroupLabels" in used, "Receiver" in used
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for group in message_groups.groups(
        verification, alerts, shapes, templates, structured=rendered_twice.applies(verification)
    ):
        together: Mapping[str, list[Field]] = defaultdict(list)
        made: dict[tuple[RouteNode | None, str], str] = {}
        for node in group.nodes:
            if fields.get(node.receiver) and (not group.over or node.receiver in told_when_over):
                asked = (node if by_group else None, node.receiver if by_receiver else "")
                if asked not in made:
                    made[asked] = group.data(*asked)
                together[made[asked]] += fields[node.receiver]
        for data, receiver_fields in together.items():
            for html in (False, True):
                for fields_of_run in _runs(field for field in receiver_fields if field.html == html):
                    call = Call(group=group, fields=fields_of_run, data=data, html=html)
                    if (data, call.texts) not in seen:
                        seen.add((data, call.texts))
                        yield call


def _runs(fields: Iterable[Field]) -> Iterator[tuple[Field, ...]]:
    """Yield the fields that one run renders: its argument is limited."""
    run: list[Field] = []
    length = 0
    for field in fields:
        length += message_sizes.in_bytes(field) + _AROUND
        if run and length > message_sizes.MOST_BYTES:
            yield tuple(run)
            run, length = [], message_sizes.in_bytes(field) + _AROUND
        run.append(field)
    if run:
        yield tuple(run)


def _once_each(verification: Verification) -> Iterator[SentAlert]:
    """Return one alert per rule, or, for a rule about other alerts, one for each combination of routes."""

    def way(alert: SentAlert) -> object:
        spread = alert.promised is not None and alert.promised.origin.spread
        return (id(alert.rule), tuple(node.where for node in alert.nodes)) if spread else id(alert)

    return unique(verification.alerts, way)


def _joined(texts: Sequence[str]) -> str:
    """Return one template that renders all of them, each as a definition so that unbalanced blocks cannot mix."""
    if len(texts) == 1:
        return texts[0]
    defined = (f'{{{{ define "{_NAME}{number}" }}}}{text}{{{{ end }}}}' for number, text in enumerate(texts))
    called = (f'{{{{ template "{_NAME}{number}" . }}}}' for number in range(len(texts)))
    return "".join(defined) + _SEPARATOR.join(called)


_NAME = "alertc.field."
_AROUND = 100
"""Bytes that `_joined` adds to each text, and more."""


def _framed(text: str) -> str:
    """Return the template between separators, which prove that it was rendered to the end."""
    return f"{_SEPARATOR}{text}{_SEPARATOR}"


def _shapes(alerts: Sequence[SentAlert], fields: Mapping[str, tuple[Field, ...]]) -> tuple[SentAlert, ...]:
    """Return one alert for each combination of severity, duty, templates, and names of labels and annotations."""
    templates = {name: tuple(field.text for field in receiver_fields) for name, receiver_fields in fields.items()}
    shapes: dict[int, object] = {}
    samples: dict[object, SentAlert] = {}
    for alert in alerts:
        way = id(alert.nodes)
        if way not in shapes:
            shapes[way] = tuple(templates.get(node.receiver) for node in alert.nodes)
        labels = alert.labels
        shape = (
            *labels,
            "",
            *alert.rule.annotations,
            shapes[way],
            alert.severity,
            labels.get(alert.names.duty),
        )
        samples.setdefault(shape, alert)
    return tuple(samples.values())


def _sampling(total: int, rendered: int) -> Finding:
    return Finding(
        diagnostic=Diagnostic(
            code=TPL607.name,
            level=Level.NOTE,
            message=f"the messages of {rendered:,} of {total:,} alerts were rendered: one for each shape",
            notes=(f"each takes runs of amtool; up to {MOST_ALERTS:,} all are rendered",),
        )
    )


# ------------------------------------------------------------------------------------------- what came out


def _texts(call: Call, result: Result) -> tuple[str, ...] | None:
    """Return the rendered text of each template of a run; None where the run failed."""
    texts = tuple(_unframed(result).stdout.split(_SEPARATOR))
    return texts if result.code == 0 and len(texts) == len(call.texts) else None


def _said(call: Call, texts: Sequence[str]) -> Sequence[Said]:
    words = dict(zip(call.texts, texts, strict=True))
    return [(field, words[field.text]) for field in call.fields]


def _unframed(result: Result) -> Result:
    return replace(result, stdout=result.stdout.removeprefix(_SEPARATOR).removesuffix(_SEPARATOR))


def _trust(result: Result) -> None:
    """Raise EnvironmentProblem if amtool reports success without the rendered separators."""
    output = result.stdout
    rendered = result.code == 0 and len(output) > 1 and output.startswith(_SEPARATOR) and output.endswith(_SEPARATOR)
    if not rendered and (result.code <= 0 or "error: " not in result.stderr):
        raise programs.untrusted("amtool template render", result)


def _empty(verification: Verification, rendered: Sequence[tuple[Call, tuple[str, ...]]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for call, texts in rendered:
        words = dict(zip(call.texts, texts, strict=True))
        for field in call.fields:
            why = field.needed
            if why is not None and not words[field.text].strip() and field.text not in seen:
                seen.add(field.text)
                yield _finding(
                    verification,
                    field,
                    TPL602.name,
                    f"the `{field.name[0]}` that {field.receiver} gets for {call.group.name} is empty",
                    (*_values(call.group), *([why] if why else [])),
                    "it must say something for every alert that reaches the receiver",
                    # What only reads badly for several alerts that have nothing in common is delivered all the same.
                    Level.ERROR if why or len(call.group.members) == 1 else Level.WARNING,
                )


def _values(group: Group) -> tuple[str, ...]:
    return (f"its {group.values}",) if group.values else ()


def _finding(
    verification: Verification,
    field: Field,
    code: str,
    message: str,
    notes: tuple[str, ...],
    help: str,
    level: Level = Level.ERROR,
) -> Finding:
    route = next((receiver.route for receiver in verification.plan.receivers if receiver.name == field.receiver), None)
    diagnostic = Diagnostic(
        code=code,
        level=level,
        message=message,
        route=route,
        on_key=True,
        notes=notes,
        help=help,
    )
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=field.where)


# ------------------------------------------------------------------------------------------- what failed

_MOST_CAUSES = 20
_IN_FILE = re.compile(r"template: ([^\s:]+\.tmpl):(\d+)(?::(\d+))?: ")


def _failures(
    verification: Verification, failures: Sequence[tuple[Call, Result]], command: Callable[[str, str, bool], Command]
) -> Iterator[Finding]:
    """Yield a finding for each field that fails; to find them, fields are rendered one by one."""
    # The same words about the same fields have the same cause.
    causes = list(unique(failures, lambda failure: (failure[1].stderr, failure[0].texts)))[:_MOST_CAUSES]
    trials = [(field, call) for call, _ in causes for field in unique(call.fields, lambda field: field.text)]
    commands = [command(field.text, call.data, field.html) for field, call in trials]
    seen: set[tuple[str, bool]] = set()
    for (field, call), result in zip(trials, programs.run_all(commands) if commands else (), strict=True):
        if result.code != 0 and (field.text, field.html) not in seen:
            seen.add((field.text, field.html))
            complaint = result.stderr.strip().removeprefix("amtool: error: ")
            yield _failed(verification, field, call, programs.excerpt(complaint))


def _failed(verification: Verification, field: Field, call: Call, complaint: str) -> Finding:
    name = ".".join(map(str, field.name))
    users = [
        receiver
        for receiver, others in verification.fields.items()
        if any(other.text == field.text for other in others)
    ]
    others = (f"the same template is used by {', '.join(users)}",) if len(users) > 1 else ()
    finding = _finding(
        verification,
        field,
        TPL601.name,
        f"the `{name}` that {field.receiver} gets for {call.group.name} cannot be rendered",
        (*_values(call.group), f"amtool: {complaint}", *others),
        "Alertmanager would try in vain and never deliver it: mend the template",
    )
    inside = _IN_FILE.search(complaint)
    if inside is None:
        return finding
    path = amtool.template_file(verification, inside[1])
    at = Place(path=shown(path), line=int(inside[2]), column=int(inside[3] or 0) + 1)
    return Finding(diagnostic=replace(finding.diagnostic, artifact=at))


def _public_texts(
    rendered: Sequence[tuple[Call, tuple[str, ...]]], probes: Sequence[public.Probe]
) -> Iterator[public.RenderedField]:
    """Yield the rendered text of each public field for each alert that is alone."""
    public_texts = {probe.field_text for probe in probes}
    for call, texts in rendered:
        words = dict(zip(call.texts, texts, strict=True))
        for field in call.fields:
            if field.text in public_texts and len(call.group.members) == 1:
                yield public.RenderedField(
                    receiver=field.receiver,
                    field_text=field.text,
                    status=call.group.status,
                    alert=call.group.name,
                    annotation=call.group.members[0].annotations.get("public") or None,
                    rendered=words[field.text],
                    where=field.where,
                )
