"""Names for the labels that alertc sets: all is as under the usual names but for these."""

import random
import re

import pytest
import yaml

from generator.behaviour.documents import ALERTMANAGER
from generator.policy.label_names import LABELS, USUAL, LabelNames
from generator.upstream.alertmanager.match import Router
from tests import seeds
from tests.chosen_labels import ACME, ALL, SWAPPED, choosing, with_names
from tests.compiling import EXCHANGE, SMALL, compiled, edited, files, read_back, refusal, said
from tests.verifying import verified

OF_ACME = LabelNames(service="app", environment="env")
CASES = {
    "all": (ALL, SMALL),
    "several-environments": (OF_ACME, ACME),
    "all-of-several-environments": (ALL, ACME),
    "swapped": (SWAPPED, SMALL),
    "shipped": (ALL, EXCHANGE),
}
FEW = seeds.parameters(CASES.values(), 3)


@pytest.mark.parametrize(("names", "policy"), FEW, ids=CASES)
def test_each_file_says_the_same_under_other_names(names, policy):
    usual, chosen = (
        {one.path: one.text for one in compiled(text).artifacts} for text in (policy, choosing(names, policy))
    )
    assert chosen.keys() == usual.keys()
    for path, text in usual.items():
        if path.endswith((".yml", ".yaml")):
            expected, found = with_names(names, yaml.safe_load(text)), yaml.safe_load(chosen[path])
            assert _sorted(found) == _sorted(expected), path
        elif path.endswith(".tmpl"):
            assert chosen[path] == _message(names, text), path
        else:
            assert chosen[path] == text, path


def _sorted(content):
    """Return the content with the labels of each group and series sorted: the order of names is no behaviour."""
    if isinstance(content, str) and "ALERTS" in content:
        return re.sub(r"\{([^}]*)\}", lambda series: ",".join(sorted(re.split(", ?", series[1]))), content)
    if isinstance(content, dict):
        return {
            key: sorted(value) if key in ("group_by", "equal") else _sorted(value) for key, value in content.items()
        }
    return [_sorted(one) for one in content] if isinstance(content, list) else content


def _message(names, text):
    called = names.names
    return re.sub(r"(Labels)\.(\w+)", lambda one: f"{one[1]}.{called.get(one[2], one[2])}", text)


@pytest.mark.parametrize(("names", "policy"), FEW, ids=CASES)
def test_each_alert_is_told_to_the_same_people_at_the_same_times(names, policy):
    """Also an alert that no rule sends: label sets are drawn from all that the policy knows, and more."""
    roots = [read_back(compiled(text).artifacts).root for text in (policy, choosing(names, policy))]
    usual, chosen = map(Router, roots)
    plan = compiled(policy).plan
    known = {
        label: ["", "other", *sorted({rule.labels[label] for rule in plan.rules if label in rule.labels})]
        for label in ("alertname", *LABELS)
    }
    known["alertname"] += sorted({rule.name for rule in plan.rules})
    chance = random.Random(seeds.seed())
    for _ in range(500):
        labels = {label: value for label, values in known.items() if (value := chance.choice(values))}
        other = {names.names.get(label, label): value for label, value in labels.items()}
        assert [_told(node) for node in chosen.routes_of(other)] == [_told(node) for node in usual.routes_of(labels)]


def _told(node):
    return node.receiver, node.group_wait, node.group_interval, node.repeat_interval, node.active, node.mute


@pytest.mark.parametrize("case", seeds.parameters(["all", "swapped"], 2))
def test_the_files_keep_what_is_promised(case):
    names, policy = CASES[case]
    assert verified(policy=choosing(names, policy)) == verified(policy=policy)


def test_a_policy_without_labels_is_as_it_was():
    assert USUAL.names == {label: label for label in LABELS}
    assert files(SMALL) == files(edited(SMALL, ("\nseverities:\n", "\nlabels: {service: service}\n\nseverities:\n")))


# ------------------------------------------------------------------------------------------- one file keeps a name

POLICY = choosing(ALL)
RULES, TESTS = "prometheus/rules/shop.yaml", "prometheus/tests/shop.test.yaml"
PAGE = """\
    - receiver: page-web-P1
      matchers:
        - 'level="P1"'
        - 'chain="web"'
        - 'env="production"'
      group_by:
        - alertname
"""
FORGOTTEN = {
    "service-of-a-rule": ((RULES, "app: shop", "service: shop"), "RTE603"),
    "severity-of-a-rule": ((RULES, "level: P0", "severity: P0"), "RTE603"),
    "environment-of-a-rule": ((RULES, "env: production", "environment: production"), "RTE603"),
    "a-label-that-is-removed": ((RULES, "alerting_duty: ''", "duty: ''"), "RTE613"),
    "severity-of-a-route": ((ALERTMANAGER, "'level=\"P0\"'", "'severity=\"P0\"'"), "RTE601"),
    "chain-of-a-route": ((ALERTMANAGER, "'chain=\"web\"'", "'escalation=\"web\"'"), "RTE601"),
    "duty-of-a-route": ((ALERTMANAGER, "'alerting_duty=\"\"'", "'duty=\"\"'"), "RTE602"),
    "a-group": ((ALERTMANAGER, f"{PAGE}        - app\n", f"{PAGE}        - service\n"), "RTE608"),
    "what-an-inhibition-compares": ((ALERTMANAGER, "equal:\n      - env\n", "equal:\n      - environment\n"), "RTE610"),
    "a-message": (("alertmanager/templates/room.tmpl", "CommonLabels.app", "CommonLabels.service"), "TPL612"),
    "a-detail-of-a-page": ((ALERTMANAGER, ".CommonLabels.squad", ".CommonLabels.team"), "TPL612"),
    "a-test": ((TESTS, "app: shop", "service: shop"), "PRM612"),
}


@pytest.mark.parametrize("edit", seeds.parameters(FORGOTTEN, 3))
def test_a_file_that_keeps_an_old_name_is_found(edit):
    change, code = FORGOTTEN[edit]
    assert code in verified(change, policy=POLICY)


def test_what_is_said_of_a_message_that_reads_an_old_name(golden):
    edit = ("alertmanager/templates/room.tmpl", "CommonLabels.app", "CommonLabels.service")
    golden.expect("labels/a-message-reads-an-old-name.txt", verified(edit, policy=naming("{service: app}")))


def test_a_label_that_series_have_may_stand_in_a_message():
    edit = ("alertmanager/templates/room.tmpl", "CommonLabels.app", "CommonLabels.service")
    policy = naming("{service: app}", ("min by (instance) (cert", "min by (instance, service) (cert"))
    assert "TPL612" not in verified(edit, policy=policy)


# ------------------------------------------------------------------------------------------- what is refused

NAMED = "\nseverities:\n"


def naming(labels, *edits):
    return edited(SMALL, (NAMED, f"\nlabels: {labels}\n{NAMED}"), *edits)


OWNED = ("\nrecords:\n", "\nowners: {by: chain, map: {web: shop}, otherwise: alerting}\n\nrecords:\n")
EXTERNAL = ("retention: 30d}", "retention: 30d, external_labels: {region: [eu]}}")
REFUSED = {
    "two-of-one-name": naming("{service: app, team: app}"),
    "the-name-of-another": naming("{service: team}"),
    "of-alerts": naming("{service: alertname}"),
    "of-the-series-of-alerts": naming("{duty: alertstate}"),
    "of-prometheus": naming("{service: __service__}"),
    "no-name-of-a-label": naming("{service: my-app}"),
    "no-label-of-alertc": naming("{servcie: app}"),
    "of-an-alert": naming("{team: squad}", ("    severity: P2\n", "    severity: P2\n    labels: {squad: night}\n")),
    "an-external-label": naming("{team: region}", EXTERNAL),
    "an-external-label-that-routes": naming("{duty: region}", EXTERNAL),
    "of-alerts-of-the-pipeline": naming("{service: instance}"),
    "whose-alerts-of-others-are": naming("{escalation: chain}", OWNED),
}


@pytest.mark.parametrize(("name", "policy"), REFUSED.items(), ids=REFUSED)
def test_a_name_that_is_taken_is_refused(golden, name, policy):
    told = refusal(policy)
    assert told.count("error[") == 1
    golden.expect(f"labels/{name}.txt", told)


def test_the_usual_name_is_free_for_an_alert_where_another_is_chosen():
    policy = naming("{team: squad}", ("    severity: P2\n", "    severity: P2\n    labels: {team: night}\n"))
    assert said(policy) == said(SMALL)
    assert "team: night" in files(policy)["prometheus/rules/shop.yaml"]


def test_a_selector_of_alerts_by_an_old_name_is_found():
    expression = 'ALERTS{alertname="MoneyLost",service="shop",alertstate="firing"} == 1'
    own = "expr: min by (instance) (certificate_expiry_timestamp_seconds) - time() < 14 * 86400"
    policy = naming("{service: app}", (own, f"expr: '{expression}'"))
    assert 'it asks for `service="shop"`, and its alerts have no such label' in said(policy, "PQL731")


def test_a_text_that_shows_a_chosen_name_is_told_of_the_parameter():
    policy = naming("{service: app}", ("Till {{ $labels.till }} is off", "Till {{ $labels.app }} is off"))
    assert "texts do not see the labels of the rule itself: write `$service`, which alertc fills in" in said(policy)


def test_a_usual_name_that_series_have_may_say_whose_they_are():
    """What another name is chosen for: the series have a label `service`, and mean something else by it."""
    policy = naming(
        "{service: app}",
        ("\nrecords:\n", "\nowners: {by: service, map: {web: shop}, otherwise: alerting}\n\nrecords:\n"),
        ("  CertificateExpiring:\n    service: shop\n", "  CertificateExpiring:\n    each: owners\n"),
        ("min by (instance) (cert", "min by (instance, service) (cert"),
        ('_seconds{instance="a"}\': 864000x80', '_seconds{instance="a",service="web"}\': 864000x80'),
        ("labels: {instance: a}", "labels: {instance: a, service: web}"),
    )
    assert verified(policy=policy) == ""
    assert "app: '{{ if match \"^(?:web)$\" $labels.service }}shop{{ else }}alerting{{ end }}'" in files(policy)[OWNERS]


OWNERS = "prometheus/rules/_owners.yaml"
