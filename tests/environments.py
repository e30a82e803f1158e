"""Policies with several environments, for tests: the small policy with a staging that pages nobody, and two regions."""

from tests.compiling import SMALL, edited

STAGING = (
    ("environment: production\n", "environments:\n  production: {}\n  staging: {notify: [staging-room]}\n"),
    ("  room: {slack", '  staging-room: {slack: "#staging", audience: internal}\n  room: {slack'),
)
BY_RULE = edited(SMALL, *STAGING)
"""The rules set the label `environment`."""
EXTERNAL = (
    "retention: 30d}",
    "retention: 30d, external_labels: {environment: [production, staging], region: [eu, us]}}",
)
BY_PROMETHEUS = edited(BY_RULE, EXTERNAL)
"""Prometheus adds it, and a region."""
OVERRIDE = (
    "{notify: [staging-room]}\n",
    """
    notify: [staging-room]
    alerts:
      ErrorsHigh:
        limit: 0.05
        for: 10m
        tests:
          - given: {'job:errors:ratio{job="$service"}': 0.01x4 0.06x60}
            fires_at: 11m15s
            labels: {job: $service}
""",
)
DIFFERING = edited(BY_PROMETHEUS, OVERRIDE)
"""Prometheus adds it, and one alert waits longer in staging."""
