"""What comes out: one record for each kind of output, all of them listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from generator.behaviour.documents import ALERTMANAGER, MESSAGES, RULES, TESTS, reader_of
from generator.plan.plan import Plan
from generator.system.artifact import Artifact
from generator.targets import alertmanager, pagerduty, procedure, prometheus
from generator.targets.render import Templates

Build = Callable[[Plan, Templates, str], Iterator[Artifact]]
"""From the plan, the templates and the policy's path (for headers) to files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A file that a target writes, or several: a `*` in `path` stands for any text."""

    path: str
    schema: str | None = None
    """The name of its JSON Schema; None: no schema says what form it has."""

    @property
    def reader(self) -> str | None:
        """Return who reads it back and judges it, which its path decides; None: it counts as not verified."""
        return reader_of(self.path)

    def holds(self, path: str) -> bool:
        """Return whether a path is meant."""
        before, star, after = self.path.partition("*")
        return path.startswith(before) and path.endswith(after) if star else path == self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One kind of output: what makes its files from the plan, and which they are."""

    name: str
    build: Build
    owns: tuple[Owned, ...]


TARGETS: tuple[Target, ...] = (
    Target(
        name="prometheus",
        build=prometheus.build,
        owns=(
            Owned(path=f"{RULES}*.yaml", schema="prometheus-rules"),
            Owned(path=f"{TESTS}*.test.yaml", schema="prometheus-tests"),
        ),
    ),
    Target(
        name="alertmanager",
        build=alertmanager.build,
        owns=(Owned(path=ALERTMANAGER, schema="alertmanager"), Owned(path=f"{MESSAGES}*.tmpl")),
    ),
    Target(
        name="pagerduty",
        build=pagerduty.build,
        owns=(
            Owned(path="pagerduty/teams.json", schema="pagerduty-teams"),
            Owned(path="pagerduty/schedules.json", schema="pagerduty-schedules"),
            Owned(path="pagerduty/escalation_policies.json", schema="pagerduty-escalation_policies"),
            Owned(path="pagerduty/services.json", schema="pagerduty-services"),
            Owned(path="pagerduty/terraform.tf.json", schema="pagerduty-terraform"),
        ),
    ),
    Target(name="procedure", build=procedure.build, owns=(Owned(path="docs/incident-response.md"),)),
)


def owned(path: str) -> Owned | None:
    """Return the entry that a file stands for; None where no target owns it."""
    return next((entry for target in TARGETS for entry in target.owns if entry.holds(path)), None)
