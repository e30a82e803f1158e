"""Texts that Alertmanager renders a second time, since they look like YAML: braces in them lose the message."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few, listed
from generator.upstream.features import written

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.fields import Field
    from generator.behaviour.verification import Verification
    from generator.checks.files.message_groups import Group, Said
    from generator.diagnostics.diagnostic import EntryPath

TPL608 = Code(
    name="TPL608",
    title="Text is rendered twice",
    meaning="Alertmanager 0.30 to 0.33 reads the details of a page as YAML, and renders the texts in a mapping or a "
    "list once more. Where a label or an annotation holds `{{`, that fails, and nobody is paged. Begin each detail "
    "with a tab, `{{ \"\\t\" }}`, with which no YAML begins, and set `firing` and `resolved` to ''.",
)

# Nested details came with 0.30 (alertmanager#3944), and what is read as YAML is final since 0.34 (#5304).
_SINCE, _UNTIL = (0, 30), (0, 34)
_NAMED = 3
_SHOWN = 100


def applies(verification: Verification) -> bool:
    """Return whether the declared Alertmanager renders such texts twice."""
    return _SINCE <= verification.plan.policy.stack.alertmanager.version < _UNTIL


def check(verification: Verification) -> Iterator[Finding]:
    """TPL608: a page leaves to Alertmanager what it says of all alerts, in a text that is rendered twice."""
    if not applies(verification):
        return
    alike: Mapping[tuple[str, ...], list[Field]] = defaultdict(list)
    for fields in verification.fields.values():
        left: Mapping[tuple[str, EntryPath], list[Field]] = defaultdict(list)
        for field in fields:
            if field.where == field.integration[1] and field.name[0] in field.kind.as_yaml:
                left[field.integration].append(field)
        for same in left.values():
            alike[tuple(f"`{_name(field)}`" for field in same)].append(same[0])
    for names, (field, *others) in alike.items():
        more = first_few([other.receiver for other in others], _NAMED)
        yield _finding(
            verification,
            field,
            f"{field.receiver} leaves {listed(names)} to Alertmanager, and {_version(verification)} renders that twice",
            (
                "its own text holds every label and annotation: one with `{{` in it would lose the page",
                *([f"the same for {more}"] if others else []),
            ),
            "set them to '', as the packaged template does",
        )


def judge(verification: Verification, rendered: Iterable[tuple[Group, Sequence[Said]]]) -> Iterator[Finding]:
    """TPL608: a text that some alert makes is YAML with braces. `rendered` are the texts for each group."""
    if not applies(verification):
        return
    examples: dict[str, tuple[Field, Group, str]] = {}
    receivers: Mapping[str, list[str]] = defaultdict(list)
    for group, texts in rendered:
        for field, text in texts:
            is_set = field.where != field.integration[1]
            if is_set and field.name[0] in field.kind.as_yaml and "{{" in text and is_rendered_again(text):
                examples.setdefault(field.text, (field, group, text))
                if field.receiver not in receivers[field.text]:
                    receivers[field.text].append(field.receiver)
    alike: Mapping[object, list[tuple[Field, Group, str]]] = defaultdict(list)
    for template, example in examples.items():
        alike[example[0].integration, tuple(receivers[template])].append(example)
    for same in alike.values():
        field, group, text = same[0]
        names = listed(f"`{_name(field)}`" for field, _, _ in same)
        whose = f", whose {group.values}," if group.values else ""
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        others = receivers[field.text][1:]
        yield _finding(
            verification,
            field,
            f"Alertmanager {_version(verification)} renders {names} of {field.receiver} twice",
            (
                f"for {group.name}{whose} it is YAML with a template in it: {shown}",
                *([f"the same for {first_few(others, _NAMED)}"] if others else []),
            ),
            'begin it with a tab, as the packaged template does: no YAML begins with `{{ "\\t" }}`',
        )


def is_rendered_again(text: str) -> bool:
    """Return whether a text is a mapping or a list in YAML, and a template somewhere in it (`DeepCopyWithTemplate`)."""
    # Imported here: few policies need it.
    import yaml

    from generator.diagnostics.yaml_events import PARSER

    try:
        root = next(yaml.compose_all(text, Loader=PARSER), None)
    except yaml.YAMLError:
        return False  # then it is sent as it stands
    if not isinstance(root, yaml.CollectionNode):
        return False
    scalars = tuple(_scalars(root))
    return None not in scalars and any("{{" in scalar for scalar in scalars if scalar)


def _scalars(node: Any) -> Iterator[str | None]:
    """Yield the texts in a tree of YAML, and None for a key that is no text: Go's reader refuses these."""
    import yaml

    waiting, seen = [node], {id(node)}
    while waiting:
        found = waiting.pop()
        if isinstance(found, yaml.ScalarNode):
            yield str(found.value)
            continue
        inner = found.value if isinstance(found, yaml.SequenceNode) else [one for pair in found.value for one in pair]
        if isinstance(found, yaml.MappingNode) and any(not isinstance(key, yaml.ScalarNode) for key, _ in found.value):
            yield None
        waiting += [one for one in inner if id(one) not in seen]
        seen.update(map(id, inner))


def _name(field: Field) -> str:
    return ".".join(map(str, field.name))


def _version(verification: Verification) -> str:
    return written(verification.plan.policy.stack.alertmanager.version)


def _finding(verification: Verification, field: Field, message: str, notes: tuple[str, ...], help: str) -> Finding:
    route = next((receiver.route for receiver in verification.plan.receivers if receiver.name == field.receiver), None)
    diagnostic = Diagnostic(code=TPL608.name, message=message, route=route, on_key=True, notes=notes, help=help)
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=field.where)
