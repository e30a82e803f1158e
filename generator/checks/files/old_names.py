"""Messages that read a label by its usual name, where the policy chooses another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER, MESSAGES, shown
from generator.behaviour.verification import Finding
from generator.checks.files import go_template
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.verification import Verification

TPL612 = Code(
    name="TPL612",
    title="Message reads a label by its usual name",
    meaning="The policy chooses another name for a label that alertc sets (`labels`), and a template of the project "
    "reads the usual one, which no alert is known to have: nothing stands there. Read the chosen name, in a template "
    "as `<< plan.policy.labels.service >>`. Where series have the label and it is meant, accept the finding.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """TPL612: a message reads a label by a name that the policy has replaced, and that no alert has otherwise."""
    labels = verification.plan.policy.labels
    old = [
        usual for usual in labels.chosen if usual not in labels.names.values() and not _is_known(verification, usual)
    ]
    for usual in old:
        for path, text in verification.texts(MESSAGES).items():
            place = _place(path, text, usual)
            if place:
                yield Finding(diagnostic=_finding(verification, usual, f"{path.rpartition('/')[2]}", place))
        for receiver, fields in verification.fields.items():
            for field in fields:
                if _offset(field.text, usual) is not None:
                    diagnostic = _finding(verification, usual, f"the receiver {receiver}", None)
                    yield Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=field.where)
                    break


def _is_known(verification: Verification, label: str) -> bool:
    """Return whether some alert has a label of the name, as far as its rule tells."""
    return any(verification.label_sets.evidently_has(alert.rule, label) for alert in verification.alerts)


def _offset(text: str, label: str) -> int | None:
    """Return where a template first reads a label, None where it does not."""
    read = re.compile(rf"(?:^|\.)(?:Common|Group)?Labels\.{label}(?!\w)")
    if label not in text:
        return None
    found = (action for action in go_template.actions(text) if any(read.search(token.text) for token in action.tokens))
    return next((action.offset for action in found), None)


def _place(path: str, text: str, label: str) -> Place | None:
    offset = _offset(text, label)
    if offset is None:
        return None
    line = text.count("\n", 0, offset) + 1
    return Place(path=shown(path), line=line, column=offset - text.rfind("\n", 0, offset))


def _finding(verification: Verification, usual: str, where: str, place: Place | None) -> Diagnostic:
    name = verification.plan.policy.labels.names[usual]
    return Diagnostic(
        code=TPL612.name,
        level=Level.WARNING,
        message=f"{where} reads the label `{usual}`, which no alert is known to have: it is called `{name}`",
        route=("labels", usual),
        on_key=True,
        artifact=place,
        help=f"read `{name}` in the template; where series have a label `{usual}` that is meant, accept the finding",
    )
