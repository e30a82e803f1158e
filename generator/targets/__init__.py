"""What comes out: one module for each kind of output, all of them listed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.plan.plan import Plan
from generator.system.artifact import Artifact
from generator.targets import alertmanager, pagerduty, procedure, prometheus
from generator.targets.render import Templates

Target = Callable[[Plan, Templates, str], Iterator[Artifact]]
"""From the plan, the templates and the policy's path (for headers) to files."""

TARGETS: tuple[Target, ...] = (
    prometheus.build,
    alertmanager.build,
    pagerduty.build,
    procedure.build,
)
