"""No message is longer than its receiver takes, however many alerts a group has, and no template than amtool takes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.fields import Field
    from generator.behaviour.verification import Verification
    from generator.checks.files.message_groups import Group, Said
    from generator.diagnostics.diagnostic import EntryPath

TPL609 = Code(
    name="TPL609",
    title="Message is too long",
    meaning="A message grows with the alerts of its group, until its receiver refuses it. Write the first twenty, and "
    "how many more there are, as the packaged templates do.",
)

TPL610 = Code(
    name="TPL610",
    title="Template is too long",
    meaning="amtool is given a template as an argument, whose length Linux limits, and no receiver takes as much text. "
    "Write less, or move parts of it into a template file.",
)

MOST_BYTES = 100_000
"""Bytes of one template, and of all that one run of amtool renders: Linux allows 131,072 in an argument (execve(2))."""


def in_bytes(field: Field) -> int:
    """Return the length of a field's template as an argument."""
    return len(field.text.encode())


def unrenderable(verification: Verification) -> Iterator[Finding]:
    """TPL610: the template of a field is longer than an argument may be."""
    routes = {receiver.name: receiver.route for receiver in verification.plan.receivers}
    for field in (field for fields in verification.fields.values() for field in fields):
        length = in_bytes(field)
        if length > MOST_BYTES:
            yield Finding(
                diagnostic=Diagnostic(
                    code=TPL610.name,
                    message=f"the `{'.'.join(map(str, field.name))}` of {field.receiver} has {length:,} bytes, "
                    f"more than the {MOST_BYTES:,} that amtool can be given",
                    route=routes.get(field.receiver),
                    on_key=True,
                    help="write less there, and in the policy's texts that it holds; what must be as long goes into "
                    "a file below templates/alertmanager/templates/",
                ),
                path=ALERTMANAGER,
                where=field.where,
            )


def judge(verification: Verification, rendered: Iterable[tuple[Group, Sequence[Said]]]) -> Iterator[Finding]:
    """TPL609: a message is longer than its receiver takes. `rendered` are the texts of the fields for each group."""
    routes = {receiver.name: receiver.route for receiver in verification.plan.receivers}
    seen: set[str] = set()
    for group, texts in rendered:
        messages: Mapping[tuple[str, EntryPath], list[Said]] = defaultdict(list)
        for said in texts:
            messages[said[0].integration].append(said)
        for message in messages.values():
            total = sum(len(text) for _, text in message)
            longest, text = max(message, key=lambda said: len(said[1]))
            kind = longest.kind
            if kind.most is None or total <= kind.most or longest.text in seen:
                continue
            seen.add(longest.text)
            name = ".".join(map(str, longest.name))
            yield Finding(
                diagnostic=Diagnostic(
                    code=TPL609.name,
                    level=Level.WARNING,
                    message=f"the message that {longest.receiver} gets for {group.name} has {total:,} characters",
                    route=routes.get(longest.receiver),
                    on_key=True,
                    notes=(
                        f"`{name}` alone has {len(text):,}",
                        f"{kind.too_long}: it may have {kind.most:,}",
                    ),
                    help=_HELP_UNSET if longest.where == longest.integration[1] else _HELP,
                ),
                path=ALERTMANAGER,
                where=longest.where,
            )


_HELP = (
    "write the first twenty alerts, and how many more there are: "
    "`{{ range $number, $alert := .Alerts }}{{ if lt $number 20 }}...`, as the packaged templates do"
)
_HELP_UNSET = (
    "Alertmanager's own text lists all alerts: set it to '', or to a text of your own, as the packaged one does"
)
