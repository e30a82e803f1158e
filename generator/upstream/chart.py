"""What the chart kube-prometheus-stack (88.5) adds to the values that it is given.

Read in its values.yaml, templates/_helpers.tpl, templates/alertmanager/secret.yaml and
templates/prometheus/additionalPrometheusRules.yaml.
"""

from __future__ import annotations

from typing import Any

_INHIBITS = {"equal": ["namespace", "alertname"]}

CONFIG: dict[str, Any] = {
    "global": {"resolve_timeout": "5m"},
    "inhibit_rules": [
        {"source_matchers": ["severity = critical"], "target_matchers": ["severity =~ warning|info"], **_INHIBITS},
        {"source_matchers": ["severity = warning"], "target_matchers": ["severity = info"], **_INHIBITS},
        {
            "source_matchers": ["alertname = InfoInhibitor"],
            "target_matchers": ["severity = info"],
            "equal": ["namespace"],
        },
        {"target_matchers": ["alertname = InfoInhibitor"]},
    ],
    "route": {
        "group_by": ["namespace"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "12h",
        "receiver": "null",
        "routes": [{"receiver": "null", "matchers": ['alertname = "Watchdog"']}],
    },
    "receivers": [{"name": "null"}],
    "templates": ["/etc/alertmanager/config/*.tmpl"],
}
"""`alertmanager.config`, over which Helm lays what it is given: mapping by mapping, lists as a whole."""

_LONGEST_NAME, _LONGEST_RELEASE = 63, 26
"""A rule's object is called after the release, a hyphen and its name, and cut: two may become one."""


def laid_over(defaults: Any, values: Any) -> Any:
    """Return what Helm makes of the chart's values and those it is given: its `coalesceTables`."""
    if not isinstance(defaults, dict) or not isinstance(values, dict):
        return values
    both = {key: laid_over(below, values[key]) if key in values else below for key, below in defaults.items()}
    return {**both, **{key: below for key, below in values.items() if key not in defaults}}


def rule_name(release: str | None, name: str) -> str:
    """Return the name of the object that the chart makes of rules; without a release, for the longest there can be."""
    return f"{full_name(release or 'x' * _LONGEST_RELEASE)}-{name}"[:_LONGEST_NAME].removesuffix("-")


def full_name(release: str) -> str:
    """Return how the names of all that the chart makes begin: its `kube-prometheus-stack.fullname`."""
    chart = "kube-prometheus-stack"
    return (release if chart in release else f"{release}-{chart}")[:_LONGEST_RELEASE].removesuffix("-")


def jobs(release: str) -> tuple[str, str]:
    """Return the label `job` of Prometheus and of Alertmanager: a ServiceMonitor makes it of the Service's name."""
    return f"{full_name(release)}-prometheus", f"{full_name(release)}-alertmanager"
