"""What the Prometheus operator and the API server refuse or change, of rules and of a configuration alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour import mounted
from generator.behaviour.documents import ALERTMANAGER, shown
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.checks.files.kubernetes_codes import KUB604, KUB605, KUB606
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.policy import source
from generator.upstream.prometheus_operator import (
    MOST_OF_A_RULE,
    MOST_OF_A_SECRET,
    REPLACED,
    SECRET_FILE,
    SECRETS_FOLDER,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import Plan

_SECRETS: PolicyPath = ("stack", "alertmanager", "secrets")


def of_rules(path: str, text: str) -> Iterator[Finding]:
    """KUB605: the rules of one object are too large for the operator."""
    size = len(text.encode())
    if size > MOST_OF_A_RULE:
        yield _too_large(path, f"{shown(path)} has {size:,} bytes, more than the operator takes", MOST_OF_A_RULE)


def of_secret(path: str, *texts: str) -> Iterator[Finding]:
    """KUB605: the Secret is too large for the API server."""
    size = sum(len(text.encode()) for text in texts)
    if size > MOST_OF_A_SECRET:
        yield _too_large(path, f"the Secret in {shown(path)} has {size:,} bytes, more than one may", MOST_OF_A_SECRET)


def _too_large(path: str, message: str, most: int) -> Finding:
    diagnostic = Diagnostic(
        code=KUB605.name,
        message=f"{message} ({most:,})",
        route=("targets",),
        help="use the target `files`, or divide the policy into several",
    )
    return Finding(diagnostic=diagnostic, path=path)


def of_configuration(plan: Plan, path: str, text: str, where: EntryPath) -> Iterator[Finding]:
    """KUB604: a secret file that no mounted Secret has; KUB606: a text that the operator's reloader would change."""
    tree = source.read(text.encode(), shown(path)).tree
    files = dict.fromkeys(mounted.secret_files(tree))
    if wrong := [name for name in files if not SECRET_FILE.fullmatch(name)]:
        more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        yield Finding(
            diagnostic=Diagnostic(
                code=KUB604.name,
                message=f"the operator mounts no file at {wrong[0]}{more}: each Secret is a folder of its own there",
                route=_SECRETS,
                help=f"write `secrets: {SECRETS_FOLDER}NAME`, and name that Secret under `secrets` of the Alertmanager",
            ),
            path=path,
            where=where,
        )
    if replaced := dict.fromkeys(match[0] for match in REPLACED.finditer(text)):
        entry = next((way for way, value in mounted.texts_of(tree) if REPLACED.search(value)), ())
        yield Finding(
            diagnostic=Diagnostic(
                code=KUB606.name,
                message=f"{listed([f'`{one}`' for one in replaced])} in {shown(path)} would be replaced where the "
                "operator's reloader has a variable of that name",
                route=policy_route(plan, {ALERTMANAGER: tree}, ALERTMANAGER, entry),
                help="write the text without `$(`, in the policy or in your template",
            ),
            path=path,
            where=where,
        )
