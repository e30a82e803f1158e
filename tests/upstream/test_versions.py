"""What each version loads: the table of features is what the real programs of three generations say."""

from __future__ import annotations

import re
import urllib.error
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.behaviour import documents
from generator.behaviour.documents import ALERTMANAGER
from generator.checks import verify
from generator.checks.files import label_names, versions
from generator.commands import reference
from generator.diagnostics import formats
from generator.policy import schema, source
from generator.policy.label_names import LabelNames
from generator.system import debian, programs
from generator.upstream.alertmanager.integrations import KINDS
from generator.upstream.features import FEATURES, GENERATIONS, LABEL_OF_ALERT, Feature
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records
from tests.alertmanager import SUITES, Alert, load_yaml, running
from tests.compiling import ROOT, edited
from tests.verifying import POLICY, broken, compiled, verified

uses_in_rules = partial(versions.uses_in_rules, LabelNames())

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.system.programs import Result
    from generator.upstream.features import Program, Version
    from tests.conftest import Golden
    from tests.verifying import Edit

TOOLS: dict[Program, str] = {"prometheus": "promtool", "alertmanager": "amtool"}
RULES = "prometheus/rules/shop.yaml"
HALT, URL_FILE = "url: 'http://halt.internal/v1'", "url_file: /etc/alertmanager/secrets/halt-url"


# ------------------------------------------------------------------------------------------- the table


def tool(suite: str, program: Program) -> programs.Program:
    return next(found for found in debian.fetch(suite) if found.name == TOOLS[program])


def generation(suite: str, program: Program) -> Version:
    """Return the newest generation of the table that a suite's program has reached."""
    version = tool(suite, program).version
    return max(one for one in GENERATIONS[program] if one <= version)


def asked(suite: str, feature: Feature, folder: Path) -> Result:
    """Return what the suite's program says of a feature's example."""
    path = tool(suite, feature.program).path
    file = folder / "example.yml"
    if feature.kind == "template":
        file.write_text('{{ define "none" }}{{ end }}', encoding="utf-8")
        argv = ["template", "render", f"--template.glob={file}", f"--template.text={feature.example}"]
        return programs.run([path, *argv])
    file.write_text(feature.example, encoding="utf-8")
    return programs.run([path, *(["check", "rules"] if feature.program == "prometheus" else ["check-config"]), file])


def takes_alerts(suite: str, folder: Path) -> bool:
    """Return whether the suite's Alertmanager takes an alert with the label `a.b`."""
    config = folder / "alertmanager.yml"
    config.write_text("route: {receiver: team}\nreceivers: [{name: team}]\n", encoding="utf-8")
    with running(suite, config, folder) as server:
        try:
            server.post(Alert(labels={"alertname": "A", "a.b": "c"}, annotations={}))
        except urllib.error.HTTPError as error:
            error.close()
            return error.code != HTTPStatus.BAD_REQUEST
        return True


def accepts(suite: str, feature: Feature, folder: Path) -> bool:
    if feature is LABEL_OF_ALERT:
        return takes_alerts(suite, folder)
    result = asked(suite, feature, folder)
    said = result.stdout + result.stderr
    # A program that falls over has not refused.
    assert result.code in (0, 1), f"{feature.what} in {suite}: {said}"
    assert "panic" not in said, f"{feature.what} in {suite}: {said}"
    return result.code == 0


@pytest.mark.network
def test_the_page_is_what_the_real_programs_accept(tmp_path: Path, golden: Golden) -> None:
    accepted: dict[Feature, list[Version]] = {
        feature: [generation(suite, feature.program) for suite in SUITES if accepts(suite, feature, tmp_path)]
        for feature in FEATURES
    }
    golden.expect("versions.md", reference.versions(accepted), folder=ROOT / "docs")
    claimed = {feature: [one for one in GENERATIONS[feature.program] if feature.known_to(one)] for feature in FEATURES}
    wrong = [feature.what for feature in FEATURES if accepted[feature] != claimed[feature]]
    assert wrong == [], "generator/upstream/features.py says otherwise"


@pytest.mark.network
@pytest.mark.parametrize("program", GENERATIONS)
def test_each_suite_is_a_generation_of_its_own(program: Program) -> None:
    assert tuple(generation(suite, program) for suite in SUITES) == GENERATIONS[program]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.what)
def test_a_feature_is_found_in_its_example(feature: Feature) -> None:
    if feature.kind == "template":
        assert feature in set(versions.uses_in_template(feature.example))
        return
    document = load_yaml(feature.example)
    if feature is LABEL_OF_ALERT:
        assert [name for name, _, _ in label_names.uses(document, Reader(Records()))] == ["a.b"]
        return
    read = uses_in_rules if feature.program == "prometheus" else versions.uses_in_configuration
    found = [one for one, _ in read(document)]
    assert feature in found
    # What else is found is what it stands in, or beside: nothing that is newer.
    since = feature.since or max(GENERATIONS[feature.program])
    assert [one.what for one in found if one is not feature and not one.known_to(since)] == []


# ------------------------------------------------------------------------------------------- nothing is left out

TEXTS = {
    "url": "http://a.example",
    "href": "http://a.example",
    "src": "http://a.example",
    "smarthost": "h:25",
    "to": "a@b.example",
    "from": "c@d.example",
    "severity": "critical",
    "topic_arn": "arn:aws:sns:us-east-2:1:a",
    "min_version": "TLS12",
    "max_version": "TLS12",
    "location": "Europe/Zurich",
    "no_proxy": "a.example",
    "type": "button",
    "smtp_smarthost": "h:25",
}
NEEDS: dict[str, dict[str, Any]] = {
    "pagerduty": {"routing_key_file": "/k"},
    "slack": {"api_url_file": "/k", "channel": "#a"},
    "webhook": {"url": "http://a.example"},
    "email": {"to": "a@b.example", "from": "c@d.example", "smarthost": "h:25"},
    "msteams": {"webhook_url_file": "/k"},
    "msteamsv2": {"webhook_url_file": "/k"},
    "discord": {"webhook_url_file": "/k"},
    "telegram": {"bot_token_file": "/k", "chat_id": 1},
    "opsgenie": {"api_key_file": "/k"},
    "victorops": {"api_key_file": "/k", "routing_key": "a"},
    "pushover": {"user_key_file": "/k", "token_file": "/k"},
    "webex": {"room_id": "a", "http_config": {"authorization": {"credentials_file": "/k"}}},
    "sns": {"topic_arn": "arn:aws:sns:us-east-2:1:a", "sigv4": {"region": "us-east-2"}},
    "jira": {"api_url": "http://a.example", "project": "a", "issue_type": "b"},
    "rocketchat": {"token_id_file": "/k", "token_file": "/k", "channel": "#a"},
    "mattermost": {"webhook_url_file": "/k"},
    "incidentio": {"url": "http://a.example", "alert_source_token_file": "/k"},
    "wechat": {"corp_id": "a", "api_secret_file": "/k"},
    "inhibit": {"source_matchers": ["a=b"], "target_matchers": ["c=d"]},
}
"""What an entry cannot be without."""
EITHER = (
    {"url", "url_file"},
    {"chat_id", "chat_id_file"},
    {"api_url_file", "app_token_file"},
    {"topic_arn", "target_arn", "phone_number"},
)
"""Of each an entry has one."""


def value(name: str, part: dict[str, Any], defs: dict[str, Any]) -> Any:
    """Return something that the schema takes."""
    if "$ref" in part:
        part = defs[part["$ref"].rpartition("/")[2]]
    if part.get("examples"):
        return part["examples"][0]
    match part.get("type", "object"):
        case "boolean":
            return False
        case "integer":
            return 1
        case "array":
            return [value(name, part.get("items", {"type": "string"}), defs)]
        case "object":
            inner = {key: value(key, below, defs) for key, below in part.get("properties", {}).items()}
            return inner or {"a": "b"}
    if part.get("enum"):
        return part["enum"][0]
    return next((text for key, text in TEXTS.items() if name == key or name.endswith(f"_{key}")), "a")


def configurations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a configuration for every key that the schema of alertmanager.yml takes in an integration or a rule."""
    read = schema.read("alertmanager")
    defs = read["$defs"]
    for kind in KINDS:
        for key, part in defs[kind]["properties"].items():
            if key in ("http_config", "tls_config"):
                continue
            others = {other for group in EITHER if key in group for other in group - {key}}
            needed = {name: written for name, written in NEEDS[kind].items() if name not in others}
            settings = {**needed, key: value(key, part, defs)}
            yield f"{kind}.{key}", around({f"{kind}_configs": [settings]})
    for key, part in defs["http"]["properties"].items():
        client = {key: value(key, part, defs)}
        if key == "no_proxy":
            client["proxy_url"] = "http://p.example"
        if key == "http_headers":
            client[key] = {"X": {"values": ["a"]}}
        yield f"http.{key}", around({"webhook_configs": [{"url": "http://a.example", "http_config": client}]})
    for key, part in defs["tls"]["properties"].items():
        pair = {"cert_file": "/k", "key_file": "/k"} if key in ("cert_file", "key_file") else {}
        client = {"tls_config": {**pair, key: value(key, part, defs)}}
        yield f"tls.{key}", around({"webhook_configs": [{"url": "http://a.example", "http_config": client}]})
    for key, part in defs["inhibit"]["properties"].items():
        new = value(key, part, defs)
        if "matchers" in key:
            new = ["a=b"]
        yield f"inhibit.{key}", around({}, inhibit_rules=[{**NEEDS["inhibit"], key: new}])
    for key, part in read["properties"]["global"]["properties"].items():
        if key == "http_config":
            continue
        new = value(key, part, defs)
        if key == "smtp_tls_config":
            new = {"ca_file": "/k"}
        yield f"global.{key}", around({}, **{"global": {key: new}})


def around(receiver: dict[str, Any], **top: Any) -> dict[str, Any]:
    return {"route": {"receiver": "team"}, "receivers": [{"name": "team", **receiver}], **top}


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_what_the_schema_takes_and_a_version_refuses_is_in_the_table(suite: str, tmp_path: Path) -> None:
    """Else a template of the user's could write what the declared version does not load, and nobody would say so."""
    version = generation(suite, "alertmanager")
    path = tool(suite, "alertmanager").path
    written = dict(configurations())
    assert len(written) > 250
    for name, document in written.items():
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    result = programs.run([path, "check-config", *(f"{name}.yml" for name in written)], cwd=tmp_path)
    blocks = re.findall(r"^Checking '(.*)\.yml'  (SUCCESS|FAILED: .*)$", result.stdout, re.MULTILINE)
    assert [name for name, _ in blocks] == list(written), result.stderr
    for name, said in blocks:
        newer = [one for one, _ in versions.uses_in_configuration(written[name]) if not one.known_to(version)]
        assert (said == "SUCCESS") == (newer == []), f"{name}: {said}; the table says {[one.what for one in newer]}"


# ------------------------------------------------------------------------------------------- what a user reads


def judged(*edits: Edit, policy: str = POLICY) -> str:
    """Return what this verifier alone says of the policy's files, rendered and then edited."""
    made = compiled(policy)
    artifacts = broken(made.artifacts, *edits)
    verification = verify.read_back(made.plan, artifacts, documents.read(artifacts), Path("out"))
    found = formats.place(
        verify.located(artifacts, versions.check(verification)), source.read(policy.encode(), "p.yaml")
    )
    shown = {"p.yaml": policy.encode(), **{f"out/{one.path}": one.text.encode() for one in artifacts}}
    return formats.to_text(found, shown)


def test_a_template_that_writes_what_the_declared_version_does_not_know(golden: Golden) -> None:
    golden.expect("versions/url-file.txt", judged((ALERTMANAGER, HALT, URL_FILE)))


def test_what_the_declared_version_knows_is_fine() -> None:
    assert judged() == ""
    newer = edited(POLICY, ('version: "0.25"', 'version: "0.28"'))
    assert judged((ALERTMANAGER, HALT, URL_FILE), policy=newer) == ""


def test_a_message_template_is_read_too(golden: Golden) -> None:
    edit = ("alertmanager/templates/room.tmpl", "{{ define", '{{ define "x" }}{{ trimSpace "a" }}{{ end }}{{ define')
    field = (ALERTMANAGER, "{{ .CommonLabels.alertname }}", "{{ .CommonLabels.alertname | trimSpace }}")
    golden.expect("versions/trim-space.txt", judged(edit, field))


def test_an_expression_that_the_declared_version_cannot_read(golden: Golden) -> None:
    edit = (RULES, "max by (till) (abs(till_difference)) > 0", "max by (till) (histogram_avg(till_difference)) > 0")
    golden.expect("versions/histogram-avg.txt", judged(edit))


def test_an_expression_that_a_later_version_cannot_read_any_more(golden: Golden) -> None:
    later = edited(POLICY, ('version: "2.42"', 'version: "3.5"'))
    edit = (RULES, "(abs(till_difference)) > 0", "(holt_winters(till_difference[5m], 0.1, 0.1)) > 0")
    golden.expect("versions/holt-winters.txt", judged(edit, policy=later))


@pytest.mark.network
def test_it_is_said_also_where_the_checkers_at_hand_are_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    debian.fetch("forky")
    monkeypatch.setenv("ALERTC_GENERATION", "forky")
    for name in ("ALERTC_PROMTOOL", "ALERTC_AMTOOL"):
        monkeypatch.delenv(name, raising=False)
    said = verified(
        (ALERTMANAGER, "client: Alertmanager\n", "client: Alertmanager\n        timeout: 5s\n"),
        (RULES, "  - name:", "  - query_offset: 1s\n    name:"),
        tests="none",
    )
    assert re.findall(r"^error\[VER512\]: (.*)", said, re.MULTILINE) == [
        "Alertmanager 0.25 does not know `timeout` of a page",
        "Prometheus 2.42 does not know `query_offset` of a group of rules",
    ]


@pytest.mark.parametrize(
    "expression",
    [
        'x{a="histogram_avg(x)"} > 0',
        "histogram_avg_total > 0",
        'x{a="1_000"} > 0',
        "x_1_000 > 0",
        "rate(x[5m]) > 0",
        'label_replace(x{a="b"}, "a", "$1", "b", "(.*)") > 0',
        'x{a="b", c=~"d{2}", e!="f"} > 0',
    ],
)
def test_what_only_looks_like_a_feature_is_none(expression: str) -> None:
    rules = {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": expression}]}]}
    assert list(uses_in_rules(rules)) == []


@pytest.mark.parametrize(
    ("expression", "what"),
    [
        ("time() - x > 1d", "a duration where a number stands"),
        ("x > 2 * 1h30m", "a duration where a number stands"),
        ("x > -1d", "a duration where a number stands"),
        ("x offset 300 > 1", "an offset or a step without a unit"),
        ("x OFFSET  -300 > 1", "an offset or a step without a unit"),
        ("max_over_time(x[5m : 60]) > 1", "an offset or a step without a unit"),
        ("x > 0x1F_FF", "a number with `_` in it"),
        ("x > 1.000_1", "a number with `_` in it"),
        ("x > 1e1_0", "a number with `_` in it"),
        ('a * on (b) group_left ("c.d") e', "a name in quotes that `group_left` copies"),
    ],
)
def test_what_only_prometheus_3_reads_is_found_however_it_stands(expression, what):
    assert [feature.what for feature in versions.uses_in_expression(expression)] == [what]


@pytest.mark.parametrize(
    "expression",
    [
        '# see {"the board"}, offset 300\nx > 5',
        'x{a="#", b="> 1d"} > 5 # 1d',
        "x offset 5m > 1",
        "x offset -5m > 1",
        "x offset\n  - 5m > 1",
        "rate(x[5m]offset 5m) > 1",
        "max_over_time(x[ 1h30m : 1m ]) > 0x1F",
        "job:x:rate5m > 5e3",
        "x:1d > 0",
        "x @ 300 > 1",
    ],
)
def test_what_every_version_reads_is_not_found(expression):
    assert versions.uses_in_expression(expression) == ()
