"""What the files will do, read from their text; and which receivers Alertmanager would choose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from generator.behaviour import documents
from generator.behaviour.behaviour import receivers_of
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy.model import Responder
from generator.system.artifact import Artifact
from generator.upstream.alertmanager import match
from tests.compiling import read_back
from tests.verifying import broken, compiled

ALERTMANAGER = "alertmanager/alertmanager.yml"


def routed(text):
    return read_back((Artifact(path=ALERTMANAGER, text=text),))


def refusal(artifacts):
    with pytest.raises(PolicyErrors) as refused:
        read_back(artifacts)
    shown = {f"out/{one.path}": one.text.encode() for one in artifacts}
    return formats.to_text(refused.value.diagnostics, shown)


# ------------------------------------------------------------------------------------------- reading


@pytest.fixture(scope="module")
def behaviour():
    return read_back(compiled().artifacts)


def test_a_rule_is_read_with_its_place(behaviour):
    rule = next(one for one in behaviour.rules if one.name == "CertificateExpiring")
    assert (rule.path, rule.group, rule.where) == ("prometheus/rules/shop.yaml", "shop", ("groups", 0, "rules", 0))
    assert (rule.interval, rule.hold) == (timedelta(seconds=15), timedelta(minutes=15))
    assert rule.expr == "min by (instance) (certificate_expiry_timestamp_seconds) - time() < 14 * 86400"
    assert rule.labels["severity"] == "P3"
    assert rule.annotations["summary"] == "The certificate of {{ $labels.instance }} expires soon"


def test_recording_rules_are_told_apart(behaviour):
    assert [one.name for one in behaviour.rules if one.records] == ["job:errors:ratio"]


def test_receivers_say_whether_they_tell_that_an_alert_is_over(behaviour):
    told = {one.name: one.integrations[0].resolved for one in behaviour.receivers}
    assert told == {
        "halt": False,
        "heartbeat": False,
        "notices": True,
        "page-web-P0": False,
        "page-web-P1": False,
        "page-web-P2": True,
        "room": True,
        "status-draft": False,
        "unrouted": False,
    }


def test_pagerduty_escalates_as_its_json_says(behaviour):
    policy = behaviour.pagerduty.escalations[0]
    assert (policy.name, policy.loops) == ("shop web P0", 9)
    assert [step.targets for step in policy.steps] == [
        (Responder("schedule", "primary"),),
        (Responder("person", "cy@shop.example"),),
    ]
    assert all(step.delay >= timedelta(minutes=1) for step in policy.steps)


def test_pagerduty_has_defaults_of_its_own_where_a_service_leaves_out_its_time_outs():
    edits = (
        ("pagerduty/services.json", '"acknowledgement_timeout": 0,\n', "\n"),
        ("pagerduty/services.json", '"auto_resolve_timeout": 0,\n', "\n"),
    )
    first, second, *_ = read_back(broken(compiled().artifacts, *edits)).pagerduty.services
    assert (first.acknowledgement_timeout, first.auto_resolve_timeout) == (timedelta(minutes=30), timedelta(hours=4))
    assert (second.acknowledgement_timeout, second.auto_resolve_timeout) == (None, None)


# ------------------------------------------------------------------------------------------- routing

TREE = """
route:
  receiver: root
  group_by: [alertname]
  group_wait: 10s
  routes:
    - receiver: side
      matchers: ['severity=~"P0|P1"']
      continue: true
      mute_time_intervals: [nights]
    - receiver: team
      matchers: ['team="a"']
      group_by: ['...']
      routes:
        - matchers: ['severity="P0"', 'team!="b"']
          receiver: pager
          continue: true
        - matchers: ['{env!~"test.*", severity=~"P."}']
          group_interval: 1m
        - receiver: silent
          match: {muted: "yes"}
    - receiver: absent
      matchers: ['team=""']
"""


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ("absent",)),
        ({"team": "a"}, ("team",)),
        ({"team": "b"}, ("root",)),
        # A side route that matched hides the root: seen on the real program.
        ({"team": "b", "severity": "P0"}, ("side",)),
        ({"team": "a", "severity": "P0"}, ("side", "pager", "team")),
        ({"team": "a", "severity": "P0", "env": "testing"}, ("side", "pager")),
        ({"team": "a", "severity": "P2", "env": "testing", "muted": "yes"}, ("silent",)),
        # Regular expressions match the whole value.
        ({"team": "a", "severity": "P01"}, ("team",)),
        ({"team": "b", "severity": "xP0"}, ("root",)),
    ],
)
def test_the_tree_is_walked_as_alertmanager_walks_it(labels, receivers):
    assert receivers_of(routed(TREE), labels) == receivers


def test_a_route_inherits_all_but_matchers_continue_and_time_intervals():
    side, team, _ = routed(TREE).root.children
    pager, plain, silent = team.children
    assert (side.group_by, side.group_wait, side.continues, side.mute) == (
        ("alertname",),
        timedelta(seconds=10),
        True,
        ("nights",),
    )
    assert (pager.group_by, pager.mute, pager.receiver) == (("...",), (), "pager")
    assert (plain.receiver, plain.group_interval, plain.repeat_interval) == (
        "team",
        timedelta(minutes=1),
        timedelta(hours=4),
    )
    assert silent.group_by == ("...",)


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ('a="b"', ["a=b"]),
        ("a=b", ["a=b"]),
        (' a =~ "x|y" ', ["a=~x|y"]),
        ('{a="1,2", b!="3"}', ["a=1,2", "b!=3"]),
        ('a="say \\"hi\\"\\n"', ['a=say "hi"\n']),
        ('a=""', ["a="]),
        ('{a="1", b="2", }', ["a=1", "b=2"]),
        ("{}", []),
        # A backslash before what needs none stands for itself.
        ('a="\\d\\\\d"', ["a=\\d\\d"]),
        ("a=b\\", ["a=b\\"]),
        # A no-break space is no blank to Alertmanager.
        ("a=\u00a0b ", ["a=\u00a0b"]),
    ],
)
def test_matchers_are_read_in_alertmanagers_notation(text, matchers):
    assert [f"{one.label}{one.operator}{one.value}" for one in match.parse(text)] == matchers


@pytest.mark.parametrize(
    "text", ["severity", 'a="b', 'a="b"c"', "a-b=c", 'a=~"["', "a=b,,c=d", '"a"="b"', 'a="\\,",b="c"']
)
def test_what_is_no_matcher_is_refused(text):
    with pytest.raises(ValueError, match=r"bad matcher format|unescaped double quote|not a regular expression"):
        match.parse(text)


def test_a_matcher_is_written_as_it_was_read():
    for text in ('a="b"', 'a=~"x|y"', 'a="say \\"hi\\"\\n"'):
        assert str(match.parse(text)[0]) == text


def test_values_in_the_old_notation_are_taken_as_they_are():
    route = routed(
        'route: {receiver: r, routes: [{match: {a: "tab\\tquote\\""}, match_re: {b: \'x\\.y\'}}]}\n'
    ).root.children[0]
    assert route.matchers == (match.of("a", "=", 'tab\tquote"'), match.of("b", "=~", "x\\.y"))


# ------------------------------------------------------------------------------------------- what cannot be read


# ruff: noqa: E501 - whole messages, as a user reads them


def test_a_template_that_breaks_yaml_is_named_with_the_line_that_it_wrote():
    artifacts = broken(compiled().artifacts, ("prometheus/rules/alerting.yaml", "expr: 'absent", 'expr: "absent'))
    assert (
        refusal(artifacts)
        == """\
error[OUT601]: out/prometheus/rules/alerting.yaml cannot be read back: `alerting"}` follows a value that has already ended
  --> templates/prometheus/rules.yaml.j2
  ::: out/prometheus/rules/alerting.yaml:8:31
   |
 8 |         expr: "absent(up{job="alerting"} == 1)'
   |                               ^^^^^^^^^^
   = the YAML parser says: while parsing a block mapping, did not find expected key
   = help: correct the template: pass values through a filter that quotes, `<< value | scalar >>`
"""
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 200_000, "nested deeper than anybody can read"),
        (f"[{'1' * 5_000}]", "a number has more than 4,300 digits"),
        ('{"a": 1, "b": 1, "b": 2}', "the key `b` is written twice in one object"),
    ],
)
def test_json_that_cannot_be_read_is_a_finding(text, problem):
    artifact = Artifact(path="pagerduty/teams.json", text=text)
    with pytest.raises(PolicyErrors) as refused:
        documents.read([artifact])
    [finding] = refused.value.diagnostics
    assert (finding.code, finding.message) == ("OUT601", f"out/pagerduty/teams.json cannot be read back: {problem}")


def test_a_template_that_breaks_json_is_named_with_the_line_that_it_wrote():
    artifacts = broken(compiled().artifacts, ("pagerduty/teams.json", '"type": "team",', '"type": "team"'))
    assert (
        refusal(artifacts)
        == """\
error[OUT601]: out/pagerduty/teams.json cannot be read back: expecting ',' delimiter
  --> templates/pagerduty/teams.json.j2
  ::: out/pagerduty/teams.json:5:7
   |
 5 |       "name": "Web",
   |       ^
   = help: correct the template: pass values through a filter that quotes, `<< value | json >>`
"""
    )


def test_a_key_twice_in_json_is_refused():
    artifacts = broken(compiled().artifacts, ("pagerduty/teams.json", '"type": "team",', '"name": "Other",'))
    assert "out/pagerduty/teams.json cannot be read back: the key `name` is written twice in one object" in refusal(
        artifacts
    )


def test_a_regular_expression_that_is_none_is_shown_in_the_file():
    artifacts = broken(compiled().artifacts, (ALERTMANAGER, 'severity=~"P0|P1"', 'severity=~"P0|(P1"'))
    assert (
        refusal(artifacts)
        == """\
error[OUT605]: route/routes/1/matchers/0 in out/alertmanager/alertmanager.yml is not a matcher: `P0|(P1` is not a regular expression: missing closing )
  --> templates/alertmanager/alertmanager.yml.j2
  ::: out/alertmanager/alertmanager.yml:33:11
   |
33 |         - 'severity=~"P0|(P1"'
   |           ^^^^^^^^^^^^^^^^^^^^
   = help: compare your template with the packaged one
"""
    )


def test_without_alertmanagers_configuration_nobody_would_be_notified():
    artifacts = tuple(replace(one, path="x.yml") if one.path == ALERTMANAGER else one for one in compiled().artifacts)
    assert "out/alertmanager/alertmanager.yml does not exist: nobody would be notified" in refusal(artifacts)


def refused_routes(text):
    artifacts = (Artifact(path=ALERTMANAGER, text=text),)
    return refusal(artifacts)


def test_an_expression_that_alertmanagers_read_in_several_ways_is_refused():
    assert (
        refused_routes("route:\n  receiver: r\n  routes:\n    - matchers: ['team=~\"\\pL+\"']\n")
        == """\
error[OUT606]: route/routes/0/matchers/0 in out/alertmanager/alertmanager.yml has no certain meaning: in `\\pL+`, the characters of `\\p` depend on Alertmanager's version
  --> templates/alertmanager/alertmanager.yml.j2
  ::: out/alertmanager/alertmanager.yml:4:18
   |
 4 |     - matchers: ['team=~"\\pL+"']
   |                  ^^^^^^^^^^^^^^
   = help: write what every Alertmanager from 0.25 on reads alike
"""
    )


def test_an_empty_group_by_is_refused_where_it_could_inherit():
    assert (
        refused_routes("route:\n  receiver: r\n  group_by: [a]\n  routes:\n    - group_by: []\n")
        == """\
error[OUT606]: route/routes/0/group_by in out/alertmanager/alertmanager.yml has no certain meaning: Alertmanager before 0.31 inherits where the list is empty, later ones group by nothing
  --> templates/alertmanager/alertmanager.yml.j2
  ::: out/alertmanager/alertmanager.yml:5:17
   |
 5 |     - group_by: []
   |                 ^^
   = help: write what every Alertmanager from 0.25 on reads alike
"""
    )


def test_a_label_that_alertmanager_does_not_load_is_refused():
    said = refused_routes("route: {receiver: r, routes: [{match: {a-b: c}}]}\n")
    assert 'route/routes/0 in out/alertmanager/alertmanager.yml has an invalid label name "a-b"' in said
