"""Writes the rules of a policy with a template, one file a service: `python with_jinja.py policy.yaml folder`."""

import sys
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment


def main(source: Path, folder: Path) -> None:
    """Write into `folder` what people write who have a policy, Jinja and twenty lines."""
    template = Environment(autoescape=False).from_string(  # YAML, not HTML
        Path(__file__).with_name("rules.yaml.jinja").read_text(encoding="utf-8")
    )
    policy = yaml.load(source.read_bytes(), yaml.CSafeLoader)
    rules: dict[str, list[dict[str, Any]]] = {service: [] for service in policy["services"]}
    for name, alert in sorted(policy["alerts"].items()):
        rules[alert["service"]].append(
            {"name": name, "alert": alert, "severity": policy["severities"][alert["severity"]]}
        )
    for service, owner in policy["services"].items():
        text = template.render(
            service=service,
            owner=owner,
            rules=rules[service],
            runbook=policy["runbooks"][owner["runbook"]],
            environment=policy["environment"],
            interval=policy["stack"]["prometheus"]["evaluate"],
        )
        (folder / f"{service}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
