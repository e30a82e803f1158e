"""The changes of rendered files that nobody is to find, each with its reason: how something looks, or the same again.

A row is a pattern of the file, those of the key (`keys.pattern`; of a text the heading or the template), how it is
changed, and why that changes nothing about who is told, when, where, and what the public reads. It counts only for what
is not found, and a row that excuses nothing fails the test.
"""

import re
from functools import cache

ANY = "removed other twice order added"

LOOKS = (
    # ------------------------------------------------------------------------------------------- rules
    (
        "prometheus/rules/*",
        "groups[].interval",
        "removed",
        "as often as Prometheus evaluates by default: stack.evaluate",
    ),
    ("prometheus/rules/*", "groups[].rules", "order", "rules of one group that do not read one another"),
    ("prometheus/rules/*", "groups[].name", "other", "what Prometheus calls a group"),
    (
        "prometheus/rules/*",
        "groups[].rules[].annotations|*.summary|*.description",
        "removed other",
        "the wording of a page; where an alert's tests know the text, promtool compares it",
    ),
    ("prometheus/rules/*", "groups[].limit", "added", "no rule of the group can make more"),
    # ------------------------------------------------------------------------------------------- objects
    ("kubernetes/*", "metadata.annotations", "added", "what a tool notes on an object"),
    ("kubernetes/*", "resources", "order", "what is applied has no order"),
    ("kubernetes/alertmanager/secret.yaml", "type", "removed", "Opaque is the default"),
    # ------------------------------------------------------------------------------------------- unit tests
    ("prometheus/tests/*", "evaluation_interval", "removed", "promtool's default is the same"),
    ("prometheus/tests/*", "tests|tests[].*", "order", "tests, series and assertions have no order"),
    ("prometheus/tests/*", "rule_files", "order", "the order of evaluation is that of group_eval_order"),
    ("prometheus/tests/*", "tests[]|tests[].*", "twice", "the same test once more"),
    ("prometheus/tests/*", "tests[].*", "added", "one more test, which promtool runs"),
    ("prometheus/tests/*", "tests[].name", "removed other", "what promtool calls a test"),
    ("prometheus/tests/*", "tests[].alert_rule_test[].exp_alerts", "removed", "no alert is expected either way"),
    ("prometheus/tests/*", "tests[].promql_expr_test[].exp_samples", "removed", "no sample is expected either way"),
    ("prometheus/tests/*", "fuzzy_compare", "added", "false is the default"),
    # ------------------------------------------------------------------------------------------- Alertmanager
    (
        "alertmanager/alertmanager.yml",
        "global.*",
        "added",
        "the default of another kind of receiver, or of how a connection is made",
    ),
    ("alertmanager/alertmanager.yml", "receivers", "order", "receivers are found by their names"),
    ("alertmanager/alertmanager.yml", "templates[]", "twice", "the same files once more"),
    (
        "alertmanager/alertmanager.yml",
        "receivers[].*_configs[].send_resolved",
        "removed",
        "the default of this kind is the same",
    ),
    (
        "alertmanager/alertmanager.yml",
        "receivers[].*_configs[].http_config|*.http_config.*",
        "added",
        "how a connection is made; the address stays",
    ),
    (
        "alertmanager/alertmanager.yml",
        "receivers[].pagerduty_configs[].severity",
        "removed other",
        "the service's urgency is constant (PGD603): PagerDuty only shows it",
    ),
    (
        "alertmanager/alertmanager.yml",
        "receivers[].pagerduty_configs[].class|*.client|*.client_url|*.component|*.group|*.source|*.images|*.links|*.description|*.details|*.details.*",
        ANY,
        "what a page shows beside that it comes",
    ),
    (
        "alertmanager/alertmanager.yml",
        "receivers[].slack_configs[].*|receivers[].email_configs[].*",
        "removed other added",
        "how a message in a room looks; what the public may read is judged by TPL603 to TPL611",
    ),
    (
        "alertmanager/alertmanager.yml",
        "inhibit_rules|inhibit_rules[]|*.source_matchers|*.target_matchers|*.equal",
        "order",
        "matchers and rules have no order",
    ),
    ("alertmanager/alertmanager.yml", "inhibit_rules[]|inhibit_rules[].*[]", "twice", "the same said again"),
    (
        "alertmanager/alertmanager.yml",
        "inhibit_rules[].*",
        "removed other added",
        "the matchers that are left fit the same alerts of the policy (RTE618 tries each pair of them)",
    ),
    ("alertmanager/alertmanager.yml", "route.*matchers", "order", "matchers have no order"),
    ("alertmanager/alertmanager.yml", "route.*matchers[]|route.*group_by[]", "twice", "the same said again"),
    (
        "alertmanager/alertmanager.yml",
        "route.*match|route.*match_re|route.*matchers|route.*matchers[]",
        "removed other added",
        "the matchers that are left fit the same alerts, of the policy and of others (RTE616 tries each route)",
    ),
    ("alertmanager/alertmanager.yml", "route.*routes", "added", "a route below that tells the same receiver of all"),
    ("alertmanager/alertmanager.yml", "time_intervals[].*[]|route.*_time_intervals[]", "twice", "the same hours again"),
    ("alertmanager/alertmanager.yml", "time_intervals[].*", "order", "days and hours have no order"),
    (
        "alertmanager/alertmanager.yml",
        "global.resolve_timeout|global",
        "removed",
        "Alertmanager's own default is the same (TIM606 finds another)",
    ),
    ("alertmanager/alertmanager.yml", "route.*group_by", "order", "labels to group by are a set"),
    (
        "alertmanager/alertmanager.yml",
        "route.*group_by|route.*group_by[]",
        "removed other added",
        "which alerts share a message: all are told, at the same times; of pages RTE608 judges it, of a halt RTE604",
    ),
    ("alertmanager/alertmanager.yml", "route.*routes", "order", "routes that take different alerts"),
    (
        "alertmanager/alertmanager.yml",
        "route.*continue",
        "removed other added",
        "no later route takes the same alert (RTE601, RTE616), or it is the default",
    ),
    ("alertmanager/alertmanager.yml", "time_intervals", "added", "no route names them"),
    ("alertmanager/alertmanager.yml", "route.*receiver", "removed", "that of the route above is the same"),
    (
        "alertmanager/alertmanager.yml",
        "route.*group_wait|route.*group_interval|route.*repeat_interval",
        "removed added",
        "that of the route above, or the default, is the same",
    ),
    (
        "alertmanager/alertmanager.yml",
        "route.group_wait|route.group_interval|route.repeat_interval",
        "other removed",
        "no alert stops at the root: the last route takes what is left",
    ),
    # ------------------------------------------------------------------------------------------- templates
    (
        "alertmanager/templates/pagerduty.tmpl",
        "*",
        "removed other",
        "how a page reads: that it is rendered, and not empty, is found",
    ),
    (
        "alertmanager/templates/room.tmpl",
        "*",
        "removed other",
        "how a message in a room reads: that it is rendered, and not empty, is found",
    ),
    (
        "alertmanager/templates/public.tmpl",
        "* words",
        "removed other",
        "the template's own words, which hold nothing of an alert",
    ),
    (
        "alertmanager/templates/public.tmpl",
        "alertc.public.text {{}}",
        "removed other",
        "how many of many drafts one message holds",
    ),
    # ------------------------------------------------------------------------------------------- PagerDuty
    ("pagerduty/*.json", "", "order", "objects are found by their names"),
    ("pagerduty/*.json", "*description|//", "removed other", "what PagerDuty shows"),
    ("pagerduty/*.json", "*layers[].name|*layer[].name", "removed other", "what PagerDuty calls a layer"),
    (
        "pagerduty/*.json",
        "*schedule_layers*|*.layer*",
        "removed other twice order added",
        "the same people at each minute of a round (PGD604 compares them)",
    ),
    ("pagerduty/escalation_policies.json", "*.escalation_rule_assignment_strategy", "added", "the default"),
    (
        "pagerduty/escalation_policies.json",
        "*.on_call_handoff_notifications",
        "added",
        "whether people are told that their turn begins; no incident",
    ),
    (
        "pagerduty/services.json",
        "*.auto_pause_notifications_parameters|*.status",
        "added",
        "off, and active, are the defaults",
    ),
    ("pagerduty/*.json", "*.service.teams|*.schedule.teams|*.team.parent", "added", "who may see and edit it"),
    (
        "pagerduty/terraform.tf.json",
        "terraform.required_providers.pagerduty.version",
        "other",
        "Terraform refuses what it cannot satisfy",
    ),
    (
        "pagerduty/terraform.tf.json",
        "*pagerduty_service_integration.*.name",
        "other",
        "what PagerDuty calls an integration",
    ),
    (
        "pagerduty/terraform.tf.json",
        "resource.pagerduty_service.*.lifecycle",
        "added",
        "what Terraform must not destroy, and settings that no file of ours has: the schema allows no others",
    ),
    # ------------------------------------------------------------------------------------------- the procedure
    (
        "docs/incident-response.md",
        "## Severities table",
        "other",
        "how an incident closes is said in the template's own words",
    ),
    (
        "docs/incident-response.md",
        "## Who is paged when text|## What is silent meanwhile text",
        "removed other",
        "the template's own words",
    ),
    (
        "docs/incident-response.md",
        "## * text|### * text",
        "removed other",
        "the template's own words, numbers of a list, and what another line says, too",
    ),
)


@cache
def entry(path, key, how):
    """Return the number of the row that excuses a change; None where there is none."""
    for number, (file, keys, ways, _) in enumerate(LOOKS):
        if how in ways.split() and _fits(file, path) and any(_fits(one, key) for one in keys.split("|")):
            return number
    return None


def _fits(pattern, text):
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
