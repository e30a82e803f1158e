"""What the page about alerts of others shows compiles, and names each policy that is held against a published file."""

import re

from tests.compiling import ROOT, compiled

PAGE = (ROOT / "docs/configurations.md").read_text(encoding="utf-8")
AROUND = """\
version: 1
name: acme
environment: production
stack:
  prometheus: {version: "2.53", scrape: 15s, evaluate: 15s}
  alertmanager: {version: "0.28", secrets: /etc/alertmanager/secrets}
people: {ana: {name: Ana, email: ana@acme.example}, bo: {name: Bo, email: bo@acme.example}}
teams: {all: {title: Everybody}}
escalations: {all: [{page: person/ana, by: first}, {page: person/bo, by: 80%}]}
channels:
  room: {slack: "#alerts", audience: internal}
  dead-mans-switch: {webhook: "https://switch.acme.example/", audience: internal, resolved: never, repeat: 5m}
runbooks: {wiki: {title: Wiki, url: "https://wiki.acme.example/"}}
services:
  web: {team: all, escalation: all, runbook: wiki}
  invoices: {team: all, escalation: all, runbook: wiki}
  kubernetes: {team: all, escalation: all, runbook: wiki}
watch:
  service: kubernetes
  severity: SEV1
  unrouted: SEV1
  heartbeat: {via: dead-mans-switch, every: 5m}
"""


def test_the_examples_compile():
    example, labels = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert compiled(AROUND + example).diagnostics == ()
    assert compiled(AROUND + example + labels).diagnostics == ()


def test_each_policy_of_a_published_configuration_has_a_line():
    lines = re.findall(r"^\| ([a-z-]+) \|", PAGE, re.MULTILINE)
    assert sorted(lines) == sorted(
        ["configuration", *(path.stem for path in (ROOT / "tests/policies/public").glob("*.yaml"))]
    )
