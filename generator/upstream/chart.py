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
    chart = "kube-prometheus-stack"
    full = release if release and chart in release else f"{release}-{chart}" if release else "x" * _LONGEST_RELEASE
    return f"{full[:_LONGEST_RELEASE].removesuffix('-')}-{name}"[:_LONGEST_NAME].removesuffix("-")
