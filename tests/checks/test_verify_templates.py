"""Every message is rendered by the real amtool; the public reads what is meant for it, and nothing else."""

import pytest

from generator.checks import verify
from generator.checks.files import go_template, message_groups, public, rendered_twice, templates
from tests import seeds
from tests.compiling import EXCHANGE, edited
from tests.verifying import POLICY, verified

A = "alertmanager/alertmanager.yml"
ROOM, PAGER, PUBLIC = (f"alertmanager/templates/{name}.tmpl" for name in ("room", "pagerduty", "public"))


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (public.check, rendered_twice.check))
    monkeypatch.setattr(verify, "ASKERS", (templates.ask,))


@pytest.mark.parametrize("policy", [POLICY, EXCHANGE])
def test_every_message_can_be_rendered(policy):
    assert verified(policy=policy) == ""


TITLE = "title: '{{ template \"alertc.room.title\" . }}'"
DESCRIPTION = "description: '{{ template \"alertc.pagerduty.description\" . }}'"
ROOM_GROUPS = "      group_by:\n        - alertname\n        - environment\n        - service\n        - severity\n"
SAID = "{{ with .Annotations.public }}"


def described(text):
    """Return the edits that give this description to the page of each of the four pagers."""
    return [(A, DESCRIPTION, f"description: '{text}'")] * 4


CASES = {
    "unclosed-action": [(A, "class: '{{ .CommonLabels.alertname }}'", "class: '{{ .CommonLabels.alertname '")],
    "unclosed-block": [(A, TITLE, "title: '{{ if .Status }}x'")],
    "block-closed-by-the-next-field": [
        (A, TITLE, "title: '{{ if .Status }}x'"),
        (A, "title_link: '{{ .ExternalURL }}'", "title_link: '{{ end }}'"),
    ],
    "no-such-template": [(A, TITLE, "title: '{{ template \"room.headline\" . }}'")],
    "no-such-field": [(ROOM, ".Annotations.summary", ".Annotations.summary.short")],
    "only-when-it-is-over": [(ROOM, "Was: ", "Was: {{ .Bogus }}")],
    "only-when-it-is-over-and-one-of-two-is-told": [
        (
            A,
            "        footer: ''\n  - name: status-draft\n",
            """\
        footer: '{{ range .Alerts.Resolved }}{{ .Bogus }}{{ end }}'
    webhook_configs:
      - url: 'https://hooks.example'
        send_resolved: false
  - name: status-draft
""",
        )
    ],
    "empty-description": [
        (A, DESCRIPTION, "description: '{{ .CommonLabels.nothing }}'"),
    ],
    "fails-for-the-value-of-a-test": [
        (A, DESCRIPTION, "description: 'Till {{ with .CommonLabels.till }}{{ slice . 0 6 }}{{ end }}'")
    ],
    "fails-for-a-short-value": [
        (A, DESCRIPTION, "description: 'Till {{ with .CommonLabels.till }}{{ slice . 0 2 }}{{ end }}'")
    ],
    "fails-for-a-long-value": [
        (A, DESCRIPTION, "description: '{{ if match `(?s)^.{500}` .CommonLabels.till }}{{ .Bogus }}{{ end }}Down'")
    ],
    "fails-for-a-value-with-braces": [
        (A, DESCRIPTION, "description: '{{ if match `[{][{]` .CommonLabels.till }}{{ .Bogus }}{{ end }}Down'")
    ],
    "fails-where-a-label-is-not-there": [
        (
            A,
            DESCRIPTION,
            "description: '{{ if and .CommonLabels.containment (not .CommonLabels.till) }}{{ .Bogus }}{{ end }}Down'",
        )
    ],
    "fails-where-one-of-two-is-over": [
        (A, TITLE, "title: '{{ if .Alerts.Resolved }}{{ if .Alerts.Firing }}{{ .Bogus }}{{ end }}{{ end }}Down'")
    ],
    "fails-for-two-rules-that-meet": [
        *[(A, ROOM_GROUPS, "      group_by: [service]\n")] * 3,
        (ROOM, "[{{ .CommonLabels.severity }}]", "[{{ if not .CommonLabels.alertname }}{{ .Bogus }}{{ end }}]"),
    ],
    "fails-for-an-alert-that-no-rule-sends": described("{{ if not .CommonLabels.severity }}{{ .Bogus }}{{ end }}Down"),
    "public-reads-a-label": [(PUBLIC, SAID, "{{ .Labels.service }}{{ with .Annotations.public }}")],
    "public-reads-the-root": [(PUBLIC, SAID, "{{ $.CommonAnnotations.summary }}{{ with .Annotations.public }}")],
    "public-calls-the-internal": [(PUBLIC, "Draft for the status page", 'Draft {{ template "alertc.room.title" . }}')],
    "public-depends-on-a-label": [
        (PUBLIC, SAID, '{{ if eq .Labels.severity "P0" }}Bad. {{ end }}{{ with .Annotations.public }}')
    ],
    "public-default": [(A, "        title_link: ''\n", "")],
    "public-webhook": [
        (
            A,
            "  - name: status-draft\n",
            "  - name: status-draft\n    webhook_configs:\n      - url: 'https://hooks.example'\n",
        )
    ],
}


@pytest.mark.parametrize("name", seeds.parameters(CASES, 3))
def test_a_message_that_fails_or_tells_too_much_is_found(name, golden):
    golden.expect(f"verify/templates-{name}.txt", verified(*CASES[name]))


RULES = "prometheus/rules/shop.yaml"
MONEY_LOST = "expr: 'max by (till) (abs(till_difference)) > 0'\n        labels:\n"
SHELF = """\
receivers:
  - name: shelf
    webhook_configs:
      - url: 'http://shelf.example/{{ .Bogus }}'
"""


@pytest.mark.parametrize("label", ["west", "{{ $labels.till }}", "{{ $value }}"])
def test_what_only_a_value_of_a_label_that_a_rule_writes_brings_is_rendered(label):
    said = verified(
        (RULES, MONEY_LOST, f"{MONEY_LOST}          shelf: '{label}'\n"),
        (
            A,
            "  routes:\n",
            "  routes:\n    - receiver: shelf\n      matchers: ['alertname=MoneyLost', 'shelf=\"west\"']\n",
        ),
        (A, "receivers:\n", SHELF),
    )
    assert said.startswith("error[TPL601]: the `url` that shelf gets for MoneyLost of shop cannot be rendered\n")


def mailed(key):
    """Return the edit that tells the room by mail, too, in words that are no HTML as they end within a quote."""
    mail = f"""\
        footer: ''
    email_configs:
      - to: shop@example.org
        from: alerts@example.org
        smarthost: mail.example.org:25
        {key}: '<a href="{{{{ .ExternalURL }}}}'
  - name: status-draft
"""
    return (A, "        footer: ''\n  - name: status-draft\n", mail)


def test_what_is_read_as_html_is_rendered_as_html():
    said = verified(mailed("html"))
    assert said.startswith("error[TPL601]: the `html` that room gets for PostMortemDue of shop cannot be rendered\n")
    # What else it says of its state depends on the version of Go.
    assert "    = amtool: html/template: ends in a non-text context: {stateURL " in said


def test_what_is_read_as_text_is_rendered_as_text():
    assert verified(mailed("html: ''\n        text")) == ""


# Its series may differ in any label, so that one page may tell of several alerts.
ANY_SERIES = edited(POLICY, ("max by (till) (abs(till_difference)) > 0", "abs(till_difference) > 0"))
TOGETHER = {
    "empty-for-two-alerts": "{{ or .CommonAnnotations.summary .CommonLabels.nothing }}",
    "fails-for-the-second-of-two": "Down{{ if gt (len .Alerts) 1 }}{{ (index .Alerts 1).Labels.till.name }}{{ end }}",
}


@pytest.mark.parametrize("name", seeds.parameters(TOGETHER, 2))
def test_a_message_that_fails_for_alerts_that_come_together_is_found(name, golden):
    edit = (A, DESCRIPTION, f"description: '{TOGETHER[name]}'")
    golden.expect(f"verify/templates-{name}.txt", verified(edit, policy=ANY_SERIES))
    assert verified(edit) == "", "its series have but one label, and each value of it a page of its own"


ALIKE = """\
alerts:
  AllAlike:
    service: shop
    severity: P0
    expr: all_alike > 0
    for: 0s
    seen_within: 15s
    containment: stop-sales
    summary: All are alike
    tests:
      - {given: {all_alike: 0x4 1x10}, fires_at: 1m15s}
      - {given: {all_alike: 0x20}, silent_until: 5m}
"""


def test_alerts_whose_texts_are_alike_do_not_hide_those_that_differ():
    policy = edited(ANY_SERIES, ("alerts:\n", ALIKE))
    said = verified((A, DESCRIPTION, "description: '{{ .CommonAnnotations.summary }}'"), policy=policy)
    assert "error[TPL602]: the `description` that page-web-P0 gets for two alerts MoneyLost of shop is empty" in said


# ------------------------------------------------------------------------------------------- what is rendered twice

WHAT = "what: '{{ template \"alertc.pagerduty.what\" . }}'"
OWN = "          firing: ''\n          resolved: ''\n"
TWICE = {
    "default": [(A, OWN, "")] * 4,
    "one-of-the-defaults": [(A, "          resolved: ''\n", "")],
    "text-of-a-label": [(A, WHAT, "what: '{{ .CommonLabels.till }}'")],
    "text-that-is-a-mapping": [(A, WHAT, "what: 'Till: {{ .CommonLabels.till }}'")],
    "text-that-is-a-list": [(A, WHAT, "what: '- {{ .CommonLabels.till }}'")],
    "text-in-quotes": [(A, WHAT, """what: '"{{ .CommonLabels.till }}"'""")],
    "text-of-unknown-alerts": [(A, WHAT, "what: '{{ .CommonAnnotations.description }}'")] * 4,
}
NEW = edited(POLICY, ('alertmanager: {version: "0.25"', 'alertmanager: {version: "0.33"'))


@pytest.mark.parametrize("name", seeds.parameters(TWICE, 3))
def test_a_detail_that_is_rendered_twice_is_found(name, golden):
    golden.expect(f"verify/templates-twice-{name}.txt", verified(*TWICE[name], policy=NEW))


@pytest.mark.parametrize("version", ["0.28", "0.34"])
def test_other_versions_render_no_detail_twice(version):
    policy = edited(POLICY, ('alertmanager: {version: "0.25"', f'alertmanager: {{version: "{version}"'))
    assert verified((A, WHAT, "what: 'Till: {{ .CommonLabels.till }}'"), policy=policy) == ""


def test_the_packaged_details_are_rendered_once():
    assert verified(policy=NEW) == ""


def test_a_detail_of_fixed_words_may_be_yaml():
    assert verified((A, WHAT, "what: 'Severity: {{ .CommonLabels.severity }}'"), policy=NEW) == ""


# ------------------------------------------------------------------------------------------- what is too long

LONG_LISTS = {
    "slack": [(ROOM, "{{ if lt $number 20 }}", "{{ if true }}")],
    "pagerduty": [
        (PAGER, "{{ if lt $number 20 }}", "{{ if true }}"),
        (PAGER, 'printf "%.500s" .Annotations.summary', 'printf "%500s" .Annotations.summary'),
    ],
    "pagerduty-default": [(A, "          firing: ''\n", "")] * 4,
}


@pytest.mark.parametrize("name", seeds.parameters(LONG_LISTS, 2))
def test_a_message_that_grows_with_its_alerts_is_found(name, golden):
    golden.expect(f"verify/templates-long-{name}.txt", verified(*LONG_LISTS[name], policy=ANY_SERIES))


def test_a_text_of_each_alert_may_be_long_where_there_is_one_alert():
    assert verified(*LONG_LISTS["pagerduty"]) == ""


@pytest.mark.parametrize("length", [100_000, 100_001, 200_000])
def test_a_template_that_no_argument_can_hold_is_refused(length):
    said = verified((A, TITLE, "title: 'é{{/*" + "x" * (length - 10) + "*/}}'"))
    if length <= 100_000:
        assert said == ""
    else:
        assert said.splitlines()[0] == (
            f"error[TPL610]: the `title` of notices has {length:,} bytes, more than the 100,000 that amtool can be "
            "given"
        )


def test_templates_that_no_argument_can_hold_together_are_each_rendered():
    long = "x" * 60_000 + "{{ .Bogus }}"
    said = verified((A, TITLE, f"title: '{long}'"), (A, "title_link: '{{ .ExternalURL }}'", f"title_link: 'y{long}'"))
    assert sorted(line for line in said.splitlines() if line.startswith("error")) == [
        "error[TPL601]: the `title_link` that notices gets for ResolutionDueSoon of shop cannot be rendered",
        "error[TPL601]: the `title` that notices gets for ResolutionDueSoon of shop cannot be rendered",
    ]


# ------------------------------------------------------------------------------------------- what the public reads


def test_a_public_template_that_prints_everything_is_found():
    said = verified((PUBLIC, "Draft for the status page", "Draft {{ . }}"))
    assert "the `title` of the public receiver status-draft reaches for `.`, which is everything" in said
    assert "error[TPL606]: the public receiver status-draft tells internal data" in said


def test_a_public_template_that_is_defined_again_without_words_is_read_as_go_reads_it(golden):
    again = "{{ with .Labels.till }}(till {{ . }}){{ end }}{{ with .Annotations.public }}"
    after = (
        PUBLIC,
        '{{ define "alertc.public.text" -}}',
        '{{ define "alertc.public.alert" }} {{ end }}{{ define "alertc.public.text" -}}',
    )
    golden.expect("verify/templates-public-defined-twice.txt", verified((PUBLIC, SAID, again), after))


def test_a_public_template_that_does_not_say_the_public_text_is_found(golden):
    golden.expect("verify/templates-public-text-unsaid.txt", verified((PUBLIC, "- {{ . }}", "- something is wrong")))


def test_a_public_template_that_another_file_defines_again_is_read_in_both():
    other = '{{ define "alertc.public.alert" }}{{ .Labels.till }}{{ end }}'
    said = verified((ROOM, '{{ define "alertc.room.color" -}}', other + '{{ define "alertc.room.color" -}}'))
    assert "reaches for `.Labels.till`" in said
    assert "out/alertmanager/templates/room.tmpl:" in said


@pytest.mark.parametrize(
    ("kind", "names"),
    {
        "Annotations": ("summary", "description", "containment", "runbook_url"),
        "Labels": ("alertname", "severity", "service", "team", "environment", "instance", "customer"),
    }.items(),
)
def test_everything_internal_is_known_again_in_what_is_public(kind, names):
    all_of_them = " ".join(f"{{{{ .Common{kind}.{name} }}}}" for name in names)
    said = verified((PUBLIC, "Draft for the status page", f"Draft {all_of_them} end"))
    assert "error[TPL606]: the public receiver status-draft tells internal data" in said
    assert f"Draft{' ALERTC-INTERNAL' * len(names)} end" in said, said


def test_a_public_text_with_braces_in_the_footer_is_plain_text():
    policy = edited(POLICY, ("rule: Never name a customer.", "rule: 'Never say {{ .CommonLabels.service }}.'"))
    assert verified(policy=policy) == ""


def test_a_template_that_reads_its_group_is_rendered_for_each_receiver():
    edits = [(ROOM, "[{{ .CommonLabels.severity }}", "[{{ .GroupLabels.alertname }} {{ .Receiver }}")]
    assert verified(*edits) == ""


def test_above_so_many_alerts_one_of_each_shape_is_rendered(monkeypatch):
    monkeypatch.setattr(templates, "MOST_ALERTS", 5)
    said = verified((A, TITLE, "title: '{{ .Bogus }}'"))
    assert "note[TPL607]" in said
    assert "error[TPL601]: the `title` that notices gets for" in said


# ------------------------------------------------------------------------------------------- reading Go templates


def reached(text, known=""):
    return [reach.what for reach in go_template.reaches(text, go_template.definitions(known))]


@pytest.mark.parametrize(
    "text",
    [
        "Only words",
        "{{/* .CommonLabels.secret */}}",
        '{{ "{{ .CommonLabels }}" }}',
        "{{ len .Alerts.Firing }} incidents",
        "{{ len (slice .Alerts.Firing 20) }} more",
        "{{ range slice .Alerts 0 20 }}{{ .Annotations.public }}{{ end }}",
        "{{ range (slice .Alerts.Firing 0 20) }}{{ .Annotations.public }}{{ end }}",
        "{{ if .Alerts.Firing }}Trouble{{ else }}All is well{{ end }}",
        "{{ range .Alerts }}{{ .Annotations.public }}{{ end }}",
        "{{- range .Alerts.Firing -}}{{- with .Annotations.public -}}{{ . | toUpper }}{{- end -}}{{- end -}}",
        '{{ range .Alerts }}{{ if .Annotations.public }}{{ printf "%s!" .Annotations.public }}{{ end }}{{ end }}',
    ],
)
def test_what_the_public_may_read(text):
    assert reached(text) == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{{ .CommonLabels.service }}", "`.CommonLabels.service`"),
        ("{{ .Alerts }}", "`.Alerts`"),
        ("{{ slice .Alerts 0 1 }}", "`.Alerts`"),
        ("{{ range slice .Alerts 0 1 }}{{ .Labels.service }}{{ end }}", "`.Labels.service`"),
        ("{{ len (slice .CommonLabels.service 1) }}", "`.CommonLabels.service`"),
        ("{{ . }}", "`.`, which is everything"),
        ("{{ range .Alerts }}{{ . }}{{ end }}", "`.`, which is everything"),
        ("{{ range .Alerts }}{{ .Annotations.summary }}{{ end }}", "`.Annotations.summary`"),
        ("{{ with index .Alerts 0 }}{{ .Annotations.public }}{{ end }}", "`.Alerts`"),
        ("{{ range .Alerts }}{{ with .Labels }}{{ end }}{{ end }}", "`.Labels`"),
        ("{{ $x := .CommonLabels }}", "`$x`, which may be anything"),
        ("{{ (index .Alerts 0).Labels.service }}", "`.Alerts`"),
        ("{{ range .Alerts }}{{ else }}{{ .ExternalURL }}{{ end }}", "`.ExternalURL`"),
        ("{{ `raw` }}{{ .Status }}", "`.Status`"),
        ('{{ template "elsewhere" . }}', 'the template "elsewhere", which is not ours'),
    ],
)
def test_what_the_public_may_not_read(text, what):
    assert reached(text)[0] == what


def test_a_called_template_is_read_with_what_it_is_given():
    known = (
        '{{ define "one" }}{{ .Annotations.public }}{{ end }}'
        '{{ define "loop" }}{{ range .Alerts }}{{ template "one" . }}{{ end }}{{ end }}'
    )
    assert reached('{{ template "loop" . }}', known) == []
    assert reached('{{ template "one" . }}', known) == ["`.Annotations.public`"]


def test_all_definitions_of_a_template_are_read():
    known = '{{ define "a" }}{{ .Status }}{{ end }}{{ define "a" }}{{ .Receiver }}{{ end }}{{ define "a" }} {{ end }}'
    assert reached('{{ template "a" . }}', known) == ["`.Status`", "`.Receiver`"]


def test_templates_that_call_one_another_come_to_an_end():
    known = '{{ define "a" }}{{ template "b" . }}{{ end }}{{ define "b" }}{{ .Status }}{{ template "a" . }}{{ end }}'
    assert reached('{{ template "a" . }}', known) == ["`.Status`"]


def test_a_large_group_is_as_large_as_the_texts_of_its_alerts_allow(monkeypatch):
    """A test that expects thousands of labels must not fill the memory."""
    sizes = []
    data = message_groups.Group.data
    monkeypatch.setattr(
        message_groups.Group, "data", lambda group, *rest: sizes.append(len(group.members)) or data(group, *rest)
    )
    assert verified(policy=ANY_SERIES) == ""
    assert max(sizes) == message_groups.MANY
    sizes.clear()
    monkeypatch.setattr(message_groups, "LARGEST", 20_000)
    assert verified(policy=ANY_SERIES) == ""
    assert 2 < max(sizes) < 100
    sizes.clear()
    monkeypatch.setattr(message_groups, "LARGEST", 1)
    assert verified(policy=ANY_SERIES) == ""
    assert max(sizes) == 2
