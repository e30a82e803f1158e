"""What a verifier is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from generator.behaviour.behaviour import terraform
from generator.behaviour.documents import is_rules
from generator.behaviour.fields import fields_of

if TYPE_CHECKING:
    from pathlib import Path

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.documents import Documents
    from generator.behaviour.fields import Field
    from generator.behaviour.label_sets import LabelSets
    from generator.behaviour.pagerduty import PagerDuty
    from generator.diagnostics.diagnostic import Diagnostic, EntryPath
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.system.memory import Answers
    from generator.system.programs import Command, Result
    from generator.upstream.alertmanager.match import Router


# Without slots, which have no room for what is cached.
@dataclass(frozen=True, kw_only=True)
class Rendered:
    """What the simplest verifiers read: the rendered files, their content, and the plan that they must match."""

    plan: Plan
    artifacts: tuple[Artifact, ...]
    documents: Documents
    folder: Path
    """Where the artifacts lie on disk, for programs."""
    answers: Answers | None = None
    """What programs said before."""
    elsewhere: tuple[Rendered, ...] = ()
    """The same for each of the other environments."""

    @property
    def each(self) -> tuple[Rendered, ...]:
        """Return those of all environments, that of the first one first."""
        return (self, *self.elsewhere)

    @cached_property
    def rule_files(self) -> tuple[str, ...]:
        """Return the paths of the files with rules."""
        return tuple(artifact.path for artifact in self.artifacts if is_rules(artifact.path))

    def texts(self, prefix: str) -> Mapping[str, str]:
        """Return the texts of the artifacts whose path begins with `prefix`."""
        return {artifact.path: artifact.text for artifact in self.artifacts if artifact.path.startswith(prefix)}


@dataclass(frozen=True, kw_only=True)
class Verification(Rendered):
    """What a verifier reads: the rendered files, and what they will do."""

    behaviour: Behaviour
    router: Router
    label_sets: LabelSets
    alerts: tuple[SentAlert, ...]
    """What the rendered rules can send."""
    elsewhere: tuple[Verification, ...] = ()
    """The same for each of the other environments, all with the same routes."""

    @property
    def each(self) -> tuple[Verification, ...]:
        """Return those of all environments, that of the first one first."""
        return (self, *self.elsewhere)

    @cached_property
    def terraform(self) -> PagerDuty:
        """Return what Terraform makes in PagerDuty; raises PolicyErrors where its file has the wrong structure."""
        return terraform(self.documents, self.artifacts)

    @cached_property
    def pagers(self) -> frozenset[str]:
        """Return the receivers that page somebody."""
        return self.paging(self.behaviour)

    def paging(self, behaviour: Behaviour) -> frozenset[str]:
        """Return the receivers that page somebody by some files, which may be those of a server."""
        pages = (one.name for one in behaviour.receivers if any(each.kind.pages for each in one.integrations))
        return frozenset((*pages, *self.plan.policy.paging_channels))

    @cached_property
    def fields(self) -> Mapping[str, tuple[Field, ...]]:
        """Return the Go templates in the settings of each receiver, by its name."""
        return {receiver.name: tuple(fields_of(receiver)) for receiver in self.behaviour.receivers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A diagnostic with the path of its entry in a generated file; line and column are looked up later, in one pass.

    `path` None: the diagnostic has all the places that it needs.
    """

    diagnostic: Diagnostic
    path: str | None = None
    where: EntryPath = ()
    on_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """External commands to run, and the function that turns their results, in the same order, into findings."""

    commands: tuple[Command, ...]
    judge: Callable[[tuple[Result, ...]], Iterator[Finding]]


KEEP_TEMPLATE = "the policy's promise does not hold: compare your template with the packaged one"
"""The help of whatever a template of the project has changed."""

Verifier = Callable[[Verification], Iterator[Finding]]
Asker = Callable[[Verification], Question]
