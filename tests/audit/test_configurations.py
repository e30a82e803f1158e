"""What an Alertmanager configuration of others does, where its entries stand, and what is said of what is none."""

import base64
import gzip
import json
from textwrap import dedent

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.audit import configurations
from generator.audit.masked import masked
from generator.behaviour.behaviour import receivers_of
from generator.diagnostics.diagnostic import PolicyErrors
from generator.diagnostics.formats import to_text
from generator.system import programs
from tests.alertmanager import program

PLAIN = """\
route:
  receiver: chat
  routes:
  - matchers: [severity="page"]
    receiver: pager
receivers:
- name: chat
  slack_configs:
  - api_url: https://hooks.example.com/T0PS3CRET
    channel: '#shop'
- name: pager
  pagerduty_configs:
  - routing_key: T0PS3CRET
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def read(tmp_path, files, *paths):
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else dedent(text).encode())
    return configurations.read(paths or tuple(files))


def said(tmp_path, files, *paths):
    """Return all that is said of the files, as the user sees it."""
    try:
        configuration = read(tmp_path, files, *paths)
    except PolicyErrors as refused:
        return to_text(refused.diagnostics, refused.sources)
    return to_text(configuration.findings, configuration.sources)


def case(tmp_path, entry):
    return said(tmp_path, entry[0])


def lines(configuration, *entries):
    places = [configuration.place(entry) for entry in entries]
    return [(place.path, place.line) for place in places]


PAGER = ("route", "routes", 0, "receiver")


def indented(text, by=4):
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


def encoded(raw):
    return base64.b64encode(raw).decode()


SECRET = "apiVersion: v1\nkind: Secret\n"
SHAPES = {
    "plain": (PLAIN, 4),
    "json": (json.dumps(yaml.safe_load(PLAIN), indent=1), 5),
    "text": (f"{SECRET}stringData:\n  other: x\n  alertmanager.yaml: |\n{indented(PLAIN)}", 9),
    "base64": (f"{SECRET}data:\n  alertmanager.yaml: {encoded(PLAIN.encode())}\n", 4),
    "gzip": (f"{SECRET}data:\n  alertmanager.yaml.gz: {encoded(gzip.compress(PLAIN.encode()))}\n", 4),
    "other-key": (f"{SECRET}stringData:\n  config.yml: |\n{indented(PLAIN)}", 8),
    "map": (f"kind: ConfigMap\ndata:\n  t.tmpl: '{{{{ define \"x\" }}}}'\n  alertmanager.yml: |\n{indented(PLAIN)}", 8),
    "list": (
        "kind: List\nitems:\n- kind: Service\n- kind: Secret\n  stringData:\n    alertmanager.yml: |\n"
        + indented(PLAIN, 6),
        10,
    ),
    "mimir": (f"template_files: {{}}\nalertmanager_config: |\n{indented(PLAIN)}", 6),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_configuration_is_read_from_what_people_keep_it_in(name, tmp_path):
    text, line = SHAPES[name]
    configuration = read(tmp_path, {"f.yml": text})
    root = configuration.behaviour.root
    assert (receivers_of(configuration.behaviour, {"severity": "page"}), root.receiver) == (("pager",), "chat")
    assert [receiver.integrations[0].kind.name for receiver in configuration.behaviour.receivers] == [
        "slack",
        "pagerduty",
    ]
    assert lines(configuration, PAGER) == [("f.yml", line)]
    assert (configuration.findings, configuration.behaviour.rules) == ((), ())


@pytest.mark.parametrize("name", SHAPES)
def test_no_secret_is_in_what_may_be_shown(name, tmp_path):
    text, _ = SHAPES[name]
    configuration = read(tmp_path, {"f.yml": text})
    shown = configuration.sources["f.yml"]
    assert b"T0PS3CRET" not in shown
    assert encoded(PLAIN.encode())[:20].encode() not in shown
    assert shown.count(b"\n") == text.count("\n")
    assert configuration.tree["receivers"][1]["pagerduty_configs"][0]["routing_key"] == "T0PS3CRET"


@pytest.mark.parametrize(
    "text",
    [
        "a: {api_url: 'x T0PS3CRET', b: 1}",
        "password: |\n    T0PS3CRET\n\n    T0PS3CRET\nb: 1",
        "- auth_password: >-\n    T0PS3CRET\n  b: 1",
        "webhook_url:\n  https://T0PS3CRET\nb: 1",
        '{"service_key":"T0PS3CRET","b":1}',
        "http_config:\n  authorization:\n    credentials: T0PS3CRET\n  b: 1",
        "opsgenie_api_key: &key T0PS3CRET\nb: 1",
        "http_headers:\n  X-Auth-Token: T0PS3CRET\nb: 1",
        "http_headers:\n  X-Team:\n    secrets: [T0PS3CRET, T0PS3CRET]\n  X:\n    secrets:\n    - T0PS3CRET\nb: 1",
        "data:\n  alertmanager.yaml: |\n    VDBQUzNDUkVUVDBQUzNDUkVUVDBQUzNDUkVUVDBQUzNDUkVU\nb: 1\n",
        'bot_token: "T0PS3CRET \\" T0PS3CRET"\nb: 1',
    ],
)
def test_secrets_are_masked_and_nothing_else(text):
    shown = masked(text.encode())
    assert b"T0PS3CRET" not in shown
    assert b"VDBQUzND" not in shown
    assert b"b: 1" in shown or b'"b":1' in shown
    assert shown.count(b"\n") == text.count("\n")


def test_old_notation_is_read(tmp_path):
    text = """\
        route:
          receiver: a
          routes:
          - match: {severity: page}
            match_re: {team: 'shop|till'}
            receiver: b
        receivers: [{name: a}, {name: b}]
        inhibit_rules:
        - source_match: {alertname: Down}
          target_match_re: {severity: warning|info}
          equal: [team]
        """
    behaviour = read(tmp_path, {"a.yml": text}).behaviour
    assert receivers_of(behaviour, {"severity": "page", "team": "till"}) == ("b",)
    (inhibition,) = behaviour.inhibitions
    assert [str(matcher) for matcher in (*inhibition.source, *inhibition.target)] == [
        'alertname="Down"',
        'severity=~"warning|info"',
    ]


def test_an_unknown_kind_of_receiver_is_known_by_its_name(tmp_path):
    text = "route: {receiver: a}\nreceivers: [{name: a, pigeon_configs: [{send_resolved: false}]}]\n"
    configuration = read(tmp_path, {"a.yml": text})
    (integration,) = configuration.behaviour.receivers[0].integrations
    assert (integration.kind.name, configuration.findings) == ("pigeon", ())


OBJECT = """\
apiVersion: monitoring.coreos.com/v1alpha1
kind: AlertmanagerConfig
metadata: {name: till, namespace: shop}
spec:
  route:
    receiver: team
    groupBy: [alertname]
    groupWait: 10s
    matchers: [{name: team, value: 'a"b', matchType: '='}]
    routes:
    - receiver: quiet
      matchers: [{name: severity, value: info|none, regex: true}]
      muteTimeIntervals: [nights]
  receivers:
  - name: team
    pagerdutyConfigs:
    - routingKey: {name: keys, key: pagerduty}
      details: [{key: team, value: till}]
      sendResolved: false
  - name: quiet
    webhookConfigs: [{urlSecret: {name: keys, key: hook}}]
    weChatConfigs: [{apiURL: https://example.com, corpID: x}]
  inhibitRules:
  - sourceMatch: [{name: severity, value: page}]
    targetMatch: [{name: severity, value: info}]
    equal: [instance]
  muteTimeIntervals:
  - name: nights
    timeIntervals:
    - times: [{startTime: '20:00', endTime: '24:00'}]
      weekdays: ['monday:friday']
      daysOfMonth: [{start: 1, end: 7}]
      months: []
"""
MERGED = {
    "inhibit_rules": [
        {
            "source_matchers": ['severity="page"', 'namespace="shop"'],
            "target_matchers": ['severity="info"', 'namespace="shop"'],
            "equal": ["instance"],
        }
    ],
    "mute_time_intervals": [
        {
            "name": "shop/till/nights",
            "time_intervals": [
                {
                    "times": [{"start_time": "20:00", "end_time": "24:00"}],
                    "weekdays": ["monday:friday"],
                    "days_of_month": ["1:7"],
                }
            ],
        }
    ],
    "receivers": [
        {
            "name": "shop/till/team",
            "pagerduty_configs": [
                {"routing_key": "<secret>", "details": {"team": "till"}, "send_resolved": "false"},
            ],
        },
        {
            "name": "shop/till/quiet",
            "webhook_configs": [{"url": "<secret>"}],
            "wechat_configs": [{"api_url": "https://example.com", "corp_id": "x"}],
        },
    ],
    "route": {
        "receiver": "shop/till/team",
        "group_by": ["alertname"],
        "group_wait": "10s",
        "matchers": ['team="a\\"b"', 'namespace="shop"'],
        "continue": "true",
        "routes": [
            {
                "receiver": "shop/till/quiet",
                "matchers": ['severity=~"info|none"'],
                "mute_time_intervals": ["shop/till/nights"],
            }
        ],
    },
}


def test_objects_are_merged_as_the_operator_does(tmp_path):
    configuration = read(tmp_path, {"main.yml": PLAIN, "object.yml": OBJECT})
    tree = configuration.tree
    assert tree["route"]["routes"][0] == MERGED["route"]
    assert tree["route"]["routes"][1]["receiver"] == "pager"
    assert tree["receivers"][2:] == MERGED["receivers"]
    assert (tree["inhibit_rules"], tree["mute_time_intervals"]) == (
        MERGED["inhibit_rules"],
        MERGED["mute_time_intervals"],
    )
    assert configuration.findings == ()
    assert lines(configuration, PAGER, (*PAGER[:3], "routes", 0), ("route", "routes", 1), ("receivers", 3, "name")) == [
        ("object.yml", 6),
        ("object.yml", 11),
        ("main.yml", 4),
        ("object.yml", 20),
    ]
    page = {"severity": "page", "namespace": "shop", "team": 'a"b'}
    assert receivers_of(configuration.behaviour, page) == ("shop/till/team", "pager")
    assert receivers_of(configuration.behaviour, {**page, "namespace": "other"}) == ("pager",)


def test_objects_are_sorted_by_namespace_and_name_and_read_from_lists(tmp_path):
    def named(namespace, name):
        value = {"kind": "AlertmanagerConfig", "metadata": {"namespace": namespace, "name": name}}
        return {**value, "spec": {"route": {"receiver": "x"}, "receivers": [{"name": "x"}]}}

    items = [named("b", "a"), named("a", "b"), named("a", "a")]
    configuration = read(tmp_path, {"main.yml": PLAIN, "list.json": json.dumps({"kind": "List", "items": items})})
    assert [child.receiver for child in configuration.behaviour.root.children] == ["a/a/x", "a/b/x", "b/a/x", "pager"]


@pytest.mark.parametrize(
    ("strategy", "home", "held"),
    [
        ("{type: OnNamespace}", "shop", True),
        ("{type: OnNamespaceExceptForAlertmanagerNamespace}", "shop", False),
        ("{type: OnNamespaceExceptForAlertmanagerNamespace}", "monitoring", True),
        ("{type: None}", "monitoring", False),
        ("", "shop", True),
    ],
)
def test_the_strategy_of_the_alertmanager_object_counts(tmp_path, strategy, home, held):
    alertmanager = (
        f"kind: Alertmanager\nmetadata: {{name: main, namespace: {home}}}\n"
        f"spec: {{alertmanagerConfigMatcherStrategy: {strategy}}}\n"
    )
    configuration = read(tmp_path, {"a.yml": alertmanager, "main.yml": PLAIN, "object.yml": OBJECT})
    own = ['namespace="shop"'] * held
    assert configuration.findings == ()
    assert configuration.tree["route"]["routes"][0]["matchers"] == ['team="a\\"b"', *own]
    assert configuration.tree["route"]["routes"][0]["continue"] == "true"
    assert configuration.tree["inhibit_rules"][0]["source_matchers"] == ['severity="page"', *own]
    assert configuration.tree["inhibit_rules"][0]["target_matchers"] == ['severity="info"', *own]


def test_amtool_loads_what_was_merged(tmp_path):
    tree = read(tmp_path, {"main.yml": PLAIN, "object.yml": OBJECT}).tree
    told = json.loads(json.dumps(tree).replace("<secret>", "https://example.com").replace('"true"', "true"))
    told["receivers"][2]["pagerduty_configs"][0]["send_resolved"] = False
    told["receivers"][3]["wechat_configs"] = []
    (tmp_path / "merged.yml").write_text(yaml.safe_dump(told))
    amtool = program("forky", "amtool").path
    checked = programs.run([amtool, "check-config", "merged.yml"], cwd=tmp_path)
    assert "SUCCESS" in checked.stdout, checked
    labels = ["severity=page", "namespace=shop", 'team="a\\"b"']
    routed = programs.run([amtool, "config", "routes", "test", "--config.file=merged.yml", *labels], cwd=tmp_path)
    assert routed.stdout.strip() == "shop/till/team,pager"


SAID = {
    "nothing": (
        {"a.yml": "# nothing\n"},
        """\
error[AUD907]: a.yml is empty
  --> a.yml
   = help: a configuration has `route` and `receivers`
""",
    ),
    "rules": (
        {"a.yml": "groups: []\n"},
        """\
error[AUD907]: a.yml holds rules, not a configuration of Alertmanager
  --> a.yml
   = help: name it with --rules
""",
    ),
    "something": (
        {"a.yml": "kind: Service\n"},
        """\
error[AUD907]: a.yml is no configuration of Alertmanager: it has no `route`
  --> a.yml
   = help: name the file with `route` and `receivers`
""",
    ),
    "no-route": (
        {"a.yml": "receivers: [{name: a}]\n"},
        """\
error[AUD907]: the configuration has no `route`
  --> a.yml:1:1
   |
 1 | receivers: [{name: a}]
   | ^
   = help: `amtool check-config` says whether Alertmanager loads it
""",
    ),
    "invalid": (
        {"a.yml": "route:\n  receiver: a\n  api_url: T0PS3CRET\n  api_url: T0PS3CRET\n"},
        """\
error[AUD902]: the key `api_url` is written twice in one mapping
  --> a.yml:4:3
   = help: keep one of the two
""",
    ),
    "undefined": (
        {
            "a.yml": (
                "route:\n"
                "  receiver: a\n"
                "  routes:\n"
                "  - receiver: b\n"
                "    mute_time_intervals: [c]\n"
                "receivers: [{name: a}, {name: a}]\n"
            )
        },
        """\
error[AUD907]: there is no receiver "b", which this route names
  --> a.yml:4:5
   |
 4 |   - receiver: b
   |     ^
   = Alertmanager does not load the file
   = help: add it to `receivers`, or name one that is there

error[AUD907]: there is no time interval "c", which this route names
  --> a.yml:4:5
   |
 4 |   - receiver: b
   |     ^
   = Alertmanager does not load the file
   = help: add it to `time_intervals`, or name one that is there

error[AUD907]: two receivers have the name "a"
  --> a.yml:6:24
   |
 6 | receivers: [{name: a}, {name: a}]
   |                        ^
   = Alertmanager does not load the file
   = help: rename one of them
""",
    ),
    "root": (
        {
            "a.yml": (
                "route: {receiver: a, matchers: [a=b], mute_time_intervals: [n]}\n"
                "receivers: [{name: a}]\n"
                "time_intervals: [{name: n}]\n"
            )
        },
        """\
error[AUD907]: the first route has matchers
  --> a.yml:1:8
   |
 1 | route: {receiver: a, matchers: [a=b], mute_time_intervals: [n]}
   |        ^
   = Alertmanager does not load the file
   = help: remove them: it takes every alert

error[AUD907]: the first route has time intervals
  --> a.yml:1:8
   |
 1 | route: {receiver: a, matchers: [a=b], mute_time_intervals: [n]}
   |        ^
   = Alertmanager does not load the file
   = help: put them into a route below it
""",
    ),
    "duration": (
        {"a.yml": "route:\n  receiver: a\n  routes:\n  - group_wait: soon\nreceivers: [{name: a}]\n"},
        """\
error[AUD907]: route/routes/0/group_wait is not a valid duration: "soon"
  --> a.yml:4:5
   |
 4 |   - group_wait: soon
   |     ^
   = help: `amtool check-config` says whether Alertmanager loads it
""",
    ),
    "helm": (
        {"a.yml": "route:\n  receiver: {{ .Values.receiver }}\n"},
        """\
error[AUD903]: a.yml is a template (Helm): what it writes is known only when it is rendered
  --> a.yml
   = help: render it and audit what comes out: `helm template CHART | alertc audit --alertmanager -`
""",
    ),
    "helm-in-quotes": (
        {"a.yml": "route: {receiver: a}\nreceivers: [{name: a, webhook_configs: [{url: '{{ .Values.url }}'}]}]\n"},
        """\
error[AUD903]: a.yml is a template (Helm): what it writes is known only when it is rendered
  --> a.yml
   = help: render it and audit what comes out: `helm template CHART | alertc audit --alertmanager -`
""",
    ),
    "two": (
        {
            "a.yml": "route: {receiver: a}\nreceivers: [{name: a}]\n",
            "b.yml": "\nroute: {receiver: a}\nreceivers: [{name: a}]\n",
        },
        """\
error[AUD907]: there are 2 configurations of Alertmanager, and each audit is of one
  --> b.yml:2:1
   |
 2 | route: {receiver: a}
   | ^
   = the first is at a.yml:1
   = help: name one of them; beside it only AlertmanagerConfig objects count
""",
    ),
    "broken-secret": (
        {"a.yml": "kind: Secret\ndata:\n  alertmanager.yaml: T0PS3CRET!\n"},
        """\
error[AUD907]: `alertmanager.yaml` is not base64, as the data of a Secret is, or what it holds is broken
  --> a.yml:3:3
   |
 3 |   alertmanager.yaml: <secret>
   |   ^
   = help: write plain text under `stringData`, or take the Secret from the cluster anew
""",
    ),
    "invalid-in-secret": (
        {"a.yml": "kind: Secret\nstringData:\n  alertmanager.yaml: |\n    route: [\n"},
        """\
error[AUD902]: a bracket above is not closed, or there is a comma too many
  --> a.yml:4:13
   |
 4 |     route: [
   |             ^
   = the YAML parser says: while parsing a flow node, did not find expected node content
   = help: close it, or take the comma out
""",
    ),
    "objects-alone": (
        {
            "a.yml": (
                "kind: AlertmanagerConfig\nmetadata: {name: a}\nspec: {route: {receiver: b}, receivers: [{name: b}]}\n"
            )
        },
        """\
warning[AUD908]: this AlertmanagerConfig has no namespace, and it handles only alerts of its own namespace
  --> a.yml:1:1
   |
 1 | kind: AlertmanagerConfig
   | ^
   = the audit takes it for one of the namespace `default`
   = help: write `metadata.namespace`

warning[AUD909]: there are only AlertmanagerConfigs, and no configuration that the operator adds them to
  --> a.yml:1:1
   |
 1 | kind: AlertmanagerConfig
   | ^
   = the audit takes the operator's own, whose only receiver, `null`, tells nobody
   = help: name the Secret with the main configuration too (`alertmanager-NAME`, key `alertmanager.yaml`)
""",
    ),
    "ignored": (
        {
            "main.yml": "route: {receiver: a}\nreceivers: [{name: a}]\n",
            "a.yml": (
                "kind: AlertmanagerConfig\n"
                "metadata: {name: a, namespace: n}\n"
                "spec:\n"
                "  route:\n"
                "    receiver: b\n"
                "    routes:\n"
                "    - receiver: c\n"
                "  receivers: [{name: b}]\n"
            ),
        },
        """\
error[AUD909]: the operator ignores AlertmanagerConfig `n/a`: there is no receiver "c" in it
  --> a.yml:7:7
   |
 7 |     - receiver: c
   |       ^
   = help: correct it; `kubectl describe` shows the operator's reason among the events of the object
""",
    ),
    "uncertain": (
        {
            "a.yml": (
                "route:\n"
                "  receiver: a\n"
                "  group_by: [x]\n"
                "  routes:\n"
                "  - group_by: []\n"
                "    match_re: {a: 'b)|(?:c'}\n"
                "receivers:\n"
                "- name: a\n"
                "  pigeon_configs: [{to: b}]\n"
                "time_intervals:\n"
                "- name: n\n"
                "  time_intervals: [{location: Local}]\n"
            )
        },
        """\
warning[AUD908]: route/routes/0 has no certain meaning: in `b)|(?:c`, a parenthesis ends what Alertmanager puts around it, once or twice
  --> a.yml:5:5
   |
 5 |   - group_by: []
   |     ^
   = the audit takes it as accepting every value
   = help: write it so that it has one meaning everywhere

warning[AUD908]: route/routes/0/group_by has no certain meaning: Alertmanager before 0.31 inherits where the list is empty, later ones group by nothing
  --> a.yml:5:5
   |
 5 |   - group_by: []
   |     ^
   = the audit takes it as grouping by nothing
   = help: write it so that it has one meaning everywhere

warning[AUD908]: receivers/0/pigeon_configs/0 has no certain meaning: alertc does not know whether `pigeon_configs` send `resolved` where `send_resolved` is not written
  --> a.yml:9:20
   |
 9 |   pigeon_configs: [{to: b}]
   |                    ^
   = the audit takes it as not sending it
   = help: write it so that it has one meaning everywhere

warning[AUD908]: time_intervals/0/time_intervals/0/location has no certain meaning: `Local` is the time zone of the machine that runs Alertmanager
  --> a.yml:12:20
   |
12 |   time_intervals: [{location: Local}]
   |                    ^
   = the audit takes it as UTC
   = help: write it so that it has one meaning everywhere
""",  # noqa: E501
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_no_configuration_or_has_no_certain_meaning_is_said(name, tmp_path):
    assert case(tmp_path, SAID[name]) == SAID[name][1]


QUOTED = """\
route:
  receiver: a
  routes:
  - receiver: b
    matchers: ['"service.name"=~"shop|till"']
  - receiver: c
    matchers: ['{größe="1", "severity" != "a\\u00e9,b"}']
receivers: [{name: a}, {name: b}, {name: c}]
"""


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"service.name": "till"}, "b"),
        ({"service.name": "pay"}, "a"),
        ({"größe": "1"}, "c"),
        ({"größe": "1", "severity": "aé,b"}, "a"),
    ],
)
def test_labels_in_quotes_are_read_as_alertmanager_reads_them_since_0_27(labels, receiver, tmp_path):
    configuration = read(tmp_path, {"a.yml": QUOTED})
    assert (receivers_of(configuration.behaviour, labels), configuration.findings) == ((receiver,), ())
    amtool = program("forky", "amtool").path
    command = [amtool, "config", "routes", "test", "--config.file=a.yml"]
    routed = programs.run([*command, *(f'"{name}"="{value}"' for name, value in labels.items())], cwd=tmp_path)
    assert routed.stdout.strip() == receiver


BAD_MATCHERS = ["a", '"a"="x" "b"="y"', '{"a"="x"', "=x", '"a"=~"("', 'a="x"y']


@pytest.mark.parametrize("matcher", BAD_MATCHERS)
def test_matchers_that_no_alertmanager_reads_are_refused(matcher, tmp_path):
    route = {"receiver": "a", "routes": [{"matchers": [matcher]}]}
    files = {"a.yml": json.dumps({"route": route, "receivers": [{"name": "a"}]})}
    amtool = program("forky", "amtool").path
    assert "error[AUD907]: route/routes/0/matchers/0 is not a matcher: " in said(tmp_path, files)
    assert programs.run([amtool, "check-config", "a.yml"], cwd=tmp_path).code != 0


PARTS = (
    *(
        "route:",
        "route: {receiver: a}",
        "  receiver: a",
        "  routes:",
        "  - match: {a: [b]}",
        "  - matchers: [a]",
        "  - {}",
    ),
    *("receivers:", "- name: a", "- name: {}", "  slack_configs: [null]", "  x_configs: {a: b}", "- 3", "---"),
    *(
        "inhibit_rules: [{equal: [{}]}]",
        "kind: Secret",
        "data: {alertmanager.yaml: cm91dGU6IHt9}",
        "stringData: {a: '['}",
    ),
    *("kind: AlertmanagerConfig", "metadata: []", "spec: {route: {receiver: a, routes: [3]}, receivers: [{}]}"),
    *("spec: {route: {receiver: a, matchers: [{name: {}}]}, receivers: [{name: a, xConfigs: [{a: {key: b}}]}]}",),
    *("time_intervals: [{name: a, time_intervals: [{times: [{start_time: 1}], location: x}]}]", "  group_wait: {}"),
)


@given(st.lists(st.sampled_from(PARTS), max_size=8).map("\n".join))
def test_whatever_the_file_there_is_a_configuration_or_a_finding(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("any") / "a.yml"
    file.write_text(text)
    findings, sources = (), {}
    try:
        configuration = configurations.read([file])
        assert configuration.place(PAGER).path == str(file)
    except PolicyErrors as refused:
        findings, sources = refused.diagnostics, refused.sources
    assert bool(to_text(findings, sources)) == bool(findings)


BESIDE = """\
kind: Secret
stringData:
  alertmanager.yaml: |
    templates: [%s]
    route: {receiver: chat}
    receivers: [{name: chat, slack_configs: [{api_url_file: /a, channel: '#a'}]}]
  page.tmpl: ""
  room.tmpl: ""
"""


def test_templates_of_a_flat_secret_are_not_in_a_folder(tmp_path):
    assert said(tmp_path, {"a.yml": BESIDE % "templates/*.tmpl"}) == (
        "warning[AUD929]: `templates/*.tmpl` finds no message template: page.tmpl and room.tmpl are mounted without a "
        "folder. Alertmanager starts, and then each message fails that uses one\n"
        "  --> a.yml:4:5\n"
        "   |\n"
        " 4 |     templates: [templates/*.tmpl]\n"
        "   |     ^\n"
        "   = help: the Prometheus operator mounts them in /etc/alertmanager/config/: "
        "write `/etc/alertmanager/config/*.tmpl`\n"
    )


@pytest.mark.parametrize(
    "patterns",
    ["/etc/alertmanager/config/*.tmpl", "'*.tmpl'", "./templates/*.tmpl", "'templates/*.tmpl', '/etc/a/*.tmpl'", ""],
)
def test_templates_that_whoever_mounts_them_may_find_are_not_told(tmp_path, patterns):
    assert said(tmp_path, {"a.yml": BESIDE % patterns}) == ""
