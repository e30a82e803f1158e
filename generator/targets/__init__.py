"""What comes out: one module for each kind of output, all of them listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.artifact import Artifact
from generator.plan import Plan
from generator.render import Templates
from generator.targets import alertmanager, pagerduty, procedure, prometheus

Target = Callable[[Plan, Templates, str], Iterator[Artifact]]
"""From the plan, the templates and the policy's path (for headers) to files."""

TARGETS: tuple[Target, ...] = (
    prometheus.build,
    alertmanager.build,
    pagerduty.build,
    procedure.build,
)
