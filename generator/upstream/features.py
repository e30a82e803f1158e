"""Features of rules and configurations that not every version of Prometheus and Alertmanager accepts.

A test gives each example to the real promtool and amtool of three generations, and makes docs/versions.md of what they
say: the table can neither claim too much nor too little. The schemas of the files say what else they may hold; a test
walks those, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from generator.upstream.alertmanager.integrations import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.upstream.alertmanager.kinds import Kind

Version = tuple[int, ...]
Program = Literal["prometheus", "alertmanager"]

GENERATIONS: Mapping[Program, tuple[Version, ...]] = {
    "prometheus": ((2, 42), (2, 53), (3, 5)),
    "alertmanager": ((0, 25), (0, 28), (0, 33)),
}
"""The tested versions, the oldest first; a version between two of them is treated as the older one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A feature that a file may use. `what` completes the sentence "Alertmanager 0.25 does not know ...".

    `mark` is how it is recognised: for `key` the way to an entry of the file, `*` for any key or number and `**` for
    any way; for `name` the way to a list of label names; for `label`, a name of a label, it is empty; for `template` a
    word of a message template; for `query` a function, or a regular expression for an expression whose texts are empty.
    """

    program: Program
    what: str
    kind: Literal["key", "name", "label", "template", "query"]
    mark: str
    since: Version | None
    """The first generation that accepts it; None: none does."""
    until: Version | None = None
    """The first generation that does not accept it any more."""
    example: str
    """A file that uses it: rules, a configuration, or the text of a template."""

    def known_to(self, version: Version) -> bool:
        """Return whether this version accepts it."""
        return self.since is not None and self.since <= version and (self.until is None or version < self.until)


def written(version: Version) -> str:
    """Return a version as text: `0.28`."""
    return ".".join(map(str, version))


_A1, _A2, _A3 = GENERATIONS["alertmanager"]
_P1, _P2, _P3 = GENERATIONS["prometheus"]


def _configuration(receiver: str = "", *, route: str = "", top: str = "") -> str:
    """Return an Alertmanager configuration with lines in its receiver, in a route, or at its top level."""
    lines = "".join(f"    {line}\n" for line in receiver.splitlines())
    child = f"  routes:\n  - receiver: team\n    {route}\n" if route else ""
    return f"route:\n  receiver: team\n{child}receivers:\n  - name: team\n{lines}{top}"


def _setting(kind: str, key: str, needs: str, value: str, since: Version | None, what: str = "") -> Feature:
    """Return the feature for a setting of an integration."""
    names = {"pagerduty": "a page", "slack": "a Slack message", "webhook": "a webhook", "email": "an e-mail"}
    return Feature(
        program="alertmanager",
        what=what or f"`{key}` of {names.get(kind, kind)}",
        kind="key",
        mark=f"receivers.*.{kind}_configs.*.{key}",
        since=since,
        example=_configuration(f"{kind}_configs:\n- {{{needs}{', ' if needs else ''}{key}: {value}}}"),
    )


def _integration(kind: Kind) -> Feature:
    """Return the feature for a kind of integration."""
    return Feature(
        program="alertmanager",
        what=f"`{kind.name}_configs`",
        kind="key",
        mark=f"receivers.*.{kind.name}_configs",
        since=kind.since,
        example=_configuration(f"{kind.name}_configs:\n- {{{kind.example}}}"),
    )


def _http(key: str, value: str, since: Version) -> Feature:
    return Feature(
        program="alertmanager",
        what=f"`{key}` of an `http_config`",
        kind="key",
        mark=f"**.http_config.{key}",
        since=since,
        example=_configuration(f"webhook_configs:\n- {{url: 'http://a', http_config: {{{key}: {value}}}}}"),
    )


def _signing(key: str, value: str, since: Version) -> Feature:
    return Feature(
        program="alertmanager",
        what=f"`{key}` of a `sigv4`",
        kind="key",
        mark=f"receivers.*.sns_configs.*.sigv4.{key}",
        since=since,
        example=_configuration(f"sns_configs:\n- {{topic_arn: 'arn:a', sigv4: {{region: a, {key}: {value}}}}}"),
    )


def _global(key: str, value: str, since: Version) -> Feature:
    return Feature(
        program="alertmanager",
        what=f"`{key}` in `global`",
        kind="key",
        mark=f"global.{key}",
        since=since,
        example=_configuration(top=f"global: {{{key}: {value}}}\n"),
    )


def _inhibition_key(key: str, value: str, since: Version | None) -> Feature:
    """Return the feature for a key of an inhibition rule."""
    return Feature(
        program="alertmanager",
        what=f"`{key}` of an inhibition rule",
        kind="key",
        mark=f"inhibit_rules.*.{key}",
        since=since,
        example=_configuration(
            top=f"inhibit_rules:\n  - {{source_matchers: [a=b], target_matchers: [c=d], {key}: {value}}}\n"
        ),
    )


def _word(word: str, text: str, since: Version) -> Feature:
    return Feature(
        program="alertmanager",
        what=f"`{word}` in a message template",
        kind="template",
        mark=word,
        since=since,
        example=f"{{{{ {text} }}}}",
    )


def _group(key: str, value: str, since: Version) -> Feature:
    return Feature(
        program="prometheus",
        what=f"`{key}` of a group of rules",
        kind="key",
        mark=f"groups.*.{key}",
        since=since,
        example=f"groups:\n- name: g\n  {key}: {value}\n  rules:\n  - {{alert: A, expr: up == 0}}\n",
    )


def _rule(key: str, value: str, since: Version) -> Feature:
    return Feature(
        program="prometheus",
        what=f"`{key}` of a rule",
        kind="key",
        mark=f"groups.*.rules.*.{key}",
        since=since,
        example=f"groups:\n- name: g\n  rules:\n  - {{alert: A, expr: up == 0, {key}: {value}}}\n",
    )


def _query(what: str, mark: str, expression: str, since: Version, until: Version | None = None) -> Feature:
    return Feature(
        program="prometheus",
        what=what,
        kind="query",
        mark=mark,
        since=since,
        until=until,
        example=f"groups:\n- name: g\n  rules:\n  - alert: A\n    expr: '{expression}'\n",
    )


_QUOTED = r'\{(?:[^{}]*,)?\s*""\s*[,}=!]|\b(?:by|without|on|ignoring)\s*\([^()]*""'
_KEY, _SLACK, _SMTP, _SNS = (KINDS[name].example for name in ("pagerduty", "slack", "email", "sns"))
_INTERVALS = "  - {name: x, time_intervals: [{weekdays: [monday], location: Europe/Zurich}]}\n"

_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_NUMBER = r"\d[\d.]*(?:[eE][+-]?\d+)?"
_QUOTED_COPY = r'\bgroup_(?:left|right)\s*\([^()]*""'
_AS_NUMBER = rf"(?<![\w:.])(?<!(?i:offset) )(?<!(?i:offset) -)(?<!(?i:offset) - ){_DURATION}\b(?![^\[\]]*\])"
_WITHOUT_UNIT = rf"\b(?i:offset) ?-? ?{_NUMBER}(?![\w.])|: ?{_NUMBER} ?\]"
_UNDERSCORE = r"(?<![\w:.])(?:0[xX][0-9a-fA-F]+|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)_[0-9a-fA-F_]*"

NAME_IN_QUOTES = _query("a name in quotes", _QUOTED, '{"a.b"} > 0', _P2)
LABEL_OF_RULE = Feature(
    program="prometheus",
    what="a label name beyond letters, digits and `_` in `labels` of a rule",
    kind="label",
    mark="",
    since=_P3,
    example="groups:\n- name: g\n  rules:\n  - {alert: A, expr: up == 0, labels: {a.b: c}}\n",
)
LABEL_OF_ALERT = Feature(
    program="alertmanager",
    what="a label name beyond letters, digits and `_` on an alert that it is sent",
    kind="label",
    mark="",
    since=_A2,
    example="groups:\n- name: g\n  rules:\n  - alert: A\n    expr: 'max by (\"a.b\") (x) > 0'\n",
)

FEATURES: tuple[Feature, ...] = (
    # ------------------------------------------------------------------------------------- Prometheus
    _rule("keep_firing_for", "5m", _P1),
    _group("limit", "5", _P1),
    _group("query_offset", "1m", _P2),
    _group("labels", "{a: b}", _P3),
    _query("the function `histogram_avg`", "histogram_avg", "histogram_avg(x) > 0", _P2),
    _query("the function `histogram_stddev`", "histogram_stddev", "histogram_stddev(x) > 0", _P2),
    _query("the function `histogram_stdvar`", "histogram_stdvar", "histogram_stdvar(x) > 0", _P2),
    _query("the function `holt_winters`", "holt_winters", "holt_winters(x[5m], 0.1, 0.1) > 0", _P1, _P3),
    _query("a name in quotes that `group_left` copies", _QUOTED_COPY, 'a * on () group_left ("b.c") d', _P3),
    _query("a duration where a number stands", _AS_NUMBER, "up > 1d", _P3),
    _query("an offset or a step without a unit", _WITHOUT_UNIT, "up offset 300", _P3),
    NAME_IN_QUOTES,
    _query("a number with `_` in it", r"(?<![\w.])[0-9]+_[0-9_]+" + "|" + _UNDERSCORE, "x > 1_000", _P3),
    LABEL_OF_RULE,
    _query("a range without a unit", r"[\[]\s*[0-9.]+\s*[\]:]", "rate(x[300]) > 0", _P3),
    # ------------------------------------------------------------------------------------- Alertmanager: alerts
    LABEL_OF_ALERT,
    # ------------------------------------------------------------------------------------- Alertmanager: routes
    Feature(
        program="alertmanager",
        what="`active_time_intervals` of a route",
        kind="key",
        mark="route.**.active_time_intervals",
        since=_A1,
        example=_configuration(route="active_time_intervals: [x]", top=f"time_intervals:\n{_INTERVALS}"),
    ),
    Feature(
        program="alertmanager",
        what="`mute_time_intervals` of a route",
        kind="key",
        mark="route.**.mute_time_intervals",
        since=_A1,
        example=_configuration(route="mute_time_intervals: [x]", top=f"time_intervals:\n{_INTERVALS}"),
    ),
    Feature(
        program="alertmanager",
        what="a label name beyond letters, digits and `_` in `group_by`",
        kind="name",
        mark="route.**.group_by.*",
        since=_A2,
        example=_configuration(route="group_by: [a.b]"),
    ),
    Feature(
        program="alertmanager",
        what="a label name beyond letters, digits and `_` in `equal`",
        kind="name",
        mark="inhibit_rules.*.equal.*",
        since=_A2,
        example=_inhibition_key("equal", "[a.b]", _A2).example,
    ),
    _inhibition_key("equal", "[a]", _A1),
    _inhibition_key("name", "x", _A3),
    _inhibition_key("sources", "[{matchers: [a=b]}]", None),
    # ------------------------------------------------------------------------------------- Alertmanager: receivers
    *map(_integration, KINDS.values()),
    _setting("pagerduty", "class", _KEY, "x", _A1),
    _setting("pagerduty", "links", _KEY, "[{href: 'http://a', text: x}]", _A1),
    _setting("pagerduty", "timeout", _KEY, "5s", _A3),
    _setting("pagerduty", "dedup_key", _KEY, "x", None),
    _setting("slack", "timeout", _SLACK, "5s", _A3),
    # With `true`, amtool 0.33 ends in a panic where the address stands in a file.
    _setting("slack", "update_message", _SLACK, "false", _A3),
    _setting("slack", "message_text", _SLACK, "x", _A3),
    _setting("slack", "app_token_file", "channel: '#a'", "/k", _A3),
    _setting("slack", "app_url", "app_token_file: /k, channel: '#a'", "'http://a'", _A3),
    _setting("webhook", "max_alerts", "url: 'http://a'", "5", _A1),
    _setting("webhook", "url_file", "", "/k", _A2),
    _setting("webhook", "timeout", "url: 'http://a'", "5s", _A2),
    _setting("webhook", "payload", "url: 'http://a'", "{a: b}", _A3),
    _setting("email", "auth_secret_file", _SMTP, "/k", _A3),
    _setting("email", "force_implicit_tls", _SMTP, "true", _A3),
    _setting("email", "threading", _SMTP, "{enabled: true, thread_by_date: daily}", _A3),
    _setting("pushover", "token_file", "user_key: a", "/k", _A2),
    _setting("pushover", "user_key_file", "token: a", "/k", _A2),
    _setting("telegram", "bot_token_file", "chat_id: 1", "/k", _A2),
    _setting("pushover", "monospace", "user_key: a, token: b", "true", _A3),
    _setting("telegram", "chat_id_file", "bot_token: a", "/k", _A3),
    _setting("telegram", "message_thread_id", "bot_token: a, chat_id: 1", "4", _A2),
    _setting("discord", "webhook_url_file", "", "/k", _A2),
    _setting("sns", "use_aws_http_client", _SNS, "true", _A3),
    _signing("use_fips_sts_endpoint", "true", _A2),
    _signing("external_id", "x, role_arn: x", _A3),
    _setting("wechat", "api_secret_file", "corp_id: a", "/k", _A3),
    _http("authorization", "{credentials_file: /k}", _A1),
    _http("no_proxy", "a, proxy_url: 'http://p'", _A2),
    _http("proxy_from_environment", "true", _A2),
    _http("http_headers", "{X: {values: [a]}}", _A2),
    _global("smtp_tls_config", "{ca_file: /k}", _A2),
    _global("smtp_auth_secret_file", "/k", _A3),
    _global("smtp_force_implicit_tls", "true", _A3),
    _global("slack_app_token_file", "/k", _A3),
    _global("slack_app_url", "'http://a'", _A3),
    _global("telegram_bot_token_file", "/k", _A3),
    _global("jira_api_url", "'http://a'", _A3),
    _global("wechat_api_secret_file", "/k", _A3),
    _global("rocketchat_api_url", "'http://a'", _A2),
    _global("rocketchat_token_file", "/k", _A2),
    _global("rocketchat_token_id_file", "/k", _A2),
    _global("mattermost_webhook_url_file", "/k", _A3),
    # ------------------------------------------------------------------------------------- Alertmanager: templates
    _word("reReplaceAll", 'reReplaceAll "a" "b" "c"', _A1),
    _word("stringSlice", 'stringSlice "a"', _A1),
    _word("trimSpace", 'trimSpace " a "', _A2),
    _word("date", '(index .Alerts 0).StartsAt | date "2006"', _A2),
    _word("tz", '(index .Alerts 0).StartsAt | tz "UTC"', _A2),
    _word("since", "since (index .Alerts 0).StartsAt", _A2),
    _word("humanizeDuration", "humanizeDuration 3.0", _A2),
    _word("now", "now", _A3),
    _word("toJson", 'toJson "a"', _A3),
    _word("list", 'list "a"', _A3),
    _word("dict", 'dict "a" 1', _A3),
    _word("append", 'append (list "a") "b"', _A3),
    _word("safeUrl", 'safeUrl "a"', _A3),
    _word("urlUnescape", 'urlUnescape "a"', _A3),
    _word(".NotificationReason", ".NotificationReason", _A3),
)
"""All features; of those that every generation knows, only some that docs/versions.md should name."""
