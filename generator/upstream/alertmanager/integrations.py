"""The kinds of integration that Alertmanager has, a row each; all code that knows a kind reads its row.

Settings and defaults are those of config/notifiers.go and, since 0.32, of notify/<kind>/config.go; what a message
carries is in notify/<kind>/<kind>.go, and what a text says where it is not set in template/default.tmpl.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.upstream.alertmanager.kinds import File, Kind, Option, Played, Text, Written
from generator.upstream.pagerduty import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.upstream.alertmanager.kinds import Word

SUFFIX = "_configs"
"""`slack_configs` are the integrations of a receiver whose kind is `slack`."""


def kind(name: str) -> Kind:
    """Return the row of a kind; of an unknown kind only the name is known."""
    return KINDS.get(name) or Kind(name=name, title=name, address=(), resolved=None, since=(), public=False)


def _text(*names: str) -> tuple[Text, ...]:
    return tuple(Text(way=(name,)) for name in names)


def _writes(settings: Mapping[str, Word]) -> tuple[Written, ...]:
    return tuple(Written(way=(name,), says=word) for name, word in settings.items())


_TOKEN = ("http_config", "authorization", "credentials_file")
_USER, _PASSWORD = (("http_config", "basic_auth", key) for key in ("username", "password_file"))
_CARD = ("attachments", "*", "content", "body", "*", "text")
_ATTACHMENT = ("attachments", "*")
_WEBHOOK = ("webhook_url_file", "webhook_url")

_INSTANCES = (
    "{{ range .Alerts.%s }}Labels:\n{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
    "Annotations:\n{{ range .Annotations.SortedPairs }} - {{ .Name }} = {{ .Value }}\n{{ end }}"
    "Source: {{ .GeneratorURL }}\n{{ end }}"
)

_ROWS = (
    Kind(
        name="pagerduty",
        title="PagerDuty",
        address=("routing_key_file",),
        secrets=("routing_key_file", "service_key_file"),
        resolved=True,
        since=(0, 25),
        example="routing_key_file: /k",
        texts=(Text(way=("description",), needed="PagerDuty refuses an event without a summary"),),
        public=False,  # `details` hold every alert, whatever is written into them
        pages=True,
        closes=True,
        files=(File(key="key_file", way=("routing_key_file",), needed=True),),
        # A channel of this kind is a service that exists. The template writes its texts as for the policy's own.
        writes=_writes({"routing_key_file": "file", "send_resolved": "resolved"}),
        redirects=("url",),
        global_redirects=("pagerduty_url",),
        servers=tuple(region.events for region in REGIONS.values()),
        as_yaml=("details",),
        unset=tuple((("details", status.lower()), _INSTANCES % status) for status in ("Firing", "Resolved")),
        most=512_000,
        too_long="Alertmanager removes all details of a longer event",
        played=Played(
            address="url",
            mark=("details", "alertc_drill"),
            carried=("payload", "custom_details", "alertc_drill"),
            read=(("payload", "summary"),),
            status=202,
        ),
    ),
    Kind(
        name="slack",
        title="Slack {}",
        address=("channel",),
        secrets=("api_url_file", "app_token_file"),
        resolved=False,
        since=(0, 25),
        example="api_url_file: /k, channel: '#a'",
        texts=(Text(way=("title",), needed=""), *_text("title_link", "fallback", "text")),
        public=True,
        channel=True,
        files=(File(key="url_file", way=("api_url_file",), usual="slack-url", place=True),),
        writes=_writes(
            {
                "api_url_file": "file",
                "channel": "address",
                "send_resolved": "resolved",
                "color": "color",
                "title": "title",
                "title_link": "link",
                "text": "text",
                "fallback": "title",
                "footer": "rule",
            }
        ),
        secret_in=("hooks.slack.com/services/", "hooks.slack.com/workflows/"),
        redirects=("api_url",),
        most=40_000,
        too_long="Slack refuses or cuts a longer message, and Alertmanager does not try it again",
        played=Played(
            address="api_url",
            mark=("callback_id",),
            carried=(*_ATTACHMENT, "callback_id"),
            read=(
                ("text",),
                *((*_ATTACHMENT, key) for key in ("pretext", "title", "text", "footer")),
                (*_ATTACHMENT, "fields", "*"),
            ),
            drops=("app_token_file", "app_url"),
            answer="ok",
        ),
    ),
    Kind(
        name="webhook",
        title="the webhook {}",
        address=("url", "url_file"),
        secrets=("url_file",),
        resolved=True,
        closes=True,
        since=(0, 25),
        example="url: 'http://a'",
        public=False,
        program=True,
        files=(File(key="token_file", way=_TOKEN), File(key="url_file", way=("url_file",))),
        writes=(
            *_writes({"url": "address", "url_file": "file", "send_resolved": "resolved"}),
            Written(way=_TOKEN, says="file"),
        ),
        as_yaml=("payload",),
        played=Played(address="url", carried=("alerts", "*"), read=(("status",),)),
    ),
    Kind(
        name="email",
        title="e-mail to {}",
        address=("to",),
        secrets=("auth_password_file", "auth_secret_file"),
        resolved=False,
        since=(0, 25),
        example="to: a@b.example, from: c@d.example, smarthost: 'h:25'",
        texts=(Text(way=("html",), html=True), Text(way=("headers", "subject"))),
        public=True,
        mail=True,
        writes=(
            *_writes({"to": "address", "send_resolved": "resolved"}),
            Written(way=("headers", "subject"), says="title"),
            *_writes({"html": "nothing", "text": "text"}),
        ),
        played=Played(
            address="smarthost",
            mark=("headers", "X-Alertc-Drill"),
            carried=("marks",),
            read=(("subject",), ("text",)),
            drops=(
                *("auth_username", "auth_password", "auth_password_file", "auth_secret", "auth_secret_file"),
                *("auth_identity", "tls_config", "force_implicit_tls"),
            ),
        ),
    ),
    Kind(
        name="msteams",
        title="Microsoft Teams ({})",
        address=_WEBHOOK,
        secrets=("webhook_url_file",),
        resolved=True,
        since=(0, 28),
        example="webhook_url_file: /k",
        texts=_text("title", "summary", "text"),
        public=True,
        files=(File(key="url_file", way=("webhook_url_file",), needed=True),),
        writes=_writes(
            {
                "webhook_url_file": "file",
                "send_resolved": "resolved",
                "title": "title",
                "summary": "title",
                "text": "text",
            }
        ),
        secret_in=("*.webhook.office.com/", "outlook.office.com/webhook/"),
        played=Played(address="webhook_url", mark=("summary",), carried=("summary",), read=(("title",), ("text",))),
    ),
    Kind(
        name="msteamsv2",
        title="Microsoft Teams ({})",
        address=_WEBHOOK,
        secrets=("webhook_url_file",),
        resolved=True,
        since=(0, 28),
        example="webhook_url_file: /k",
        texts=_text("title", "text"),
        public=True,
        files=(File(key="url_file", way=("webhook_url_file",), needed=True),),
        writes=_writes({"webhook_url_file": "file", "send_resolved": "resolved", "title": "title", "text": "text"}),
        secret_in=("*.logic.azure.com/", "*.logic.azure.com:443/", "*.api.powerplatform.com/"),
        played=Played(address="webhook_url", mark=("title",), carried=_CARD, read=(_CARD,)),
    ),
    Kind(
        name="discord",
        title="Discord ({})",
        address=_WEBHOOK,
        secrets=("webhook_url_file",),
        resolved=True,
        since=(0, 25),
        example="webhook_url: 'http://a'",
        texts=_text("title", "message"),
        public=True,
        files=(File(key="url_file", way=("webhook_url_file",), needed=True),),
        writes=_writes({"webhook_url_file": "file", "send_resolved": "resolved", "title": "title", "message": "text"}),
        secret_in=("discord.com/api/webhooks/", "discordapp.com/api/webhooks/"),
        played=Played(
            address="webhook_url",
            mark=("title",),
            carried=("embeds", "*", "title"),
            read=(("embeds", "*", "description"),),
        ),
    ),
    Kind(
        name="telegram",
        title="Telegram chat {}",
        address=("chat_id", "chat_id_file"),
        secrets=("bot_token_file",),
        resolved=True,
        since=(0, 25),
        example="bot_token: a, chat_id: 1",
        texts=(Text(way=("message",), html=True, html_by="parse_mode"),),
        public=True,
        files=(File(key="token_file", way=("bot_token_file",), usual="telegram-token"),),
        server="api_url",
        number=True,
        # Not as HTML: where Alertmanager cuts a long message within an entity, Telegram refuses it.
        writes=_writes(
            {
                "bot_token_file": "file",
                "chat_id": "address",
                "api_url": "server",
                "send_resolved": "resolved",
                "message": "both",
                "parse_mode": "nothing",
            }
        ),
        secret_in=("api.telegram.org/bot",),
        redirects=("api_url",),
        global_redirects=("telegram_api_url",),
        servers=("https://api.telegram.org",),
    ),
    Kind(
        name="opsgenie",
        title="Opsgenie",
        address=("api_key_file",),
        secrets=("api_key_file",),
        resolved=True,
        closes=True,
        since=(0, 25),
        example="api_key_file: /k",
        texts=_text("message", "description", "source"),
        public=False,  # `details` hold every common label
        files=(File(key="key_file", way=("api_key_file",), needed=True),),
        server="api_url",
        writes=_writes(
            {
                "api_key_file": "file",
                "api_url": "server",
                "send_resolved": "resolved",
                "message": "title",
                "description": "text",
                "source": "link",
            }
        ),
        redirects=("api_url",),
        global_redirects=("opsgenie_api_url",),
        servers=("https://api.opsgenie.com/", "https://api.eu.opsgenie.com/"),
        played=Played(
            address="api_url", mark=("source",), carried=("source",), read=(("message",), ("description",)), status=202
        ),
    ),
    Kind(
        name="victorops",
        title="VictorOps {}",
        address=("routing_key",),
        secrets=("api_key_file",),
        resolved=True,
        closes=True,
        since=(0, 25),
        example="api_key_file: /k, routing_key: a",
        texts=_text("state_message", "entity_display_name"),
        public=True,
        files=(File(key="key_file", way=("api_key_file",), usual="victorops-key"),),
        server="api_url",
        writes=_writes(
            {
                "api_key_file": "file",
                "routing_key": "address",
                "api_url": "server",
                "send_resolved": "resolved",
                "entity_display_name": "title",
                "state_message": "text",
            }
        ),
        redirects=("api_url",),
        global_redirects=("victorops_api_url",),
        servers=("https://alert.victorops.com/integrations/generic/20131114/alert/",),
        played=Played(
            address="api_url",
            mark=("monitoring_tool",),
            carried=("monitoring_tool",),
            read=(("entity_display_name",), ("state_message",)),
        ),
    ),
    Kind(
        name="pushover",
        title="Pushover ({})",
        address=("user_key_file", "user_key"),
        secrets=("user_key_file", "token_file"),
        resolved=True,
        since=(0, 25),
        example="user_key: a, token: b",
        texts=_text("title", "message", "url"),
        public=True,
        files=(
            File(key="key_file", way=("user_key_file",), needed=True),
            File(key="token_file", way=("token_file",), usual="pushover-token"),
        ),
        # Alertmanager's own priority rings until somebody answers, whatever the severity is.
        writes=_writes(
            {
                "user_key_file": "file",
                "token_file": "file",
                "send_resolved": "resolved",
                "title": "title",
                "message": "text",
                "url": "link",
                "priority": "calm",
            }
        ),
    ),
    Kind(
        name="webex",
        title="Webex room {}",
        address=("room_id",),
        resolved=True,
        since=(0, 25),
        example="room_id: a, http_config: {authorization: {credentials_file: /k}}",
        texts=_text("message"),
        public=True,
        files=(File(key="token_file", way=_TOKEN, usual="webex-token"),),
        server="api_url",
        writes=(
            *_writes({"room_id": "address", "api_url": "server", "send_resolved": "resolved", "message": "both"}),
            Written(way=_TOKEN, says="file"),
        ),
        redirects=("api_url",),
        global_redirects=("webex_api_url",),
        servers=("https://webexapis.com/v1/messages",),
    ),
    Kind(
        name="sns",
        title="Amazon SNS {}",
        address=("topic_arn", "target_arn", "phone_number"),
        resolved=True,
        since=(0, 25),
        example="topic_arn: 'arn:aws:sns:us-east-2:1:a', sigv4: {region: us-east-2}",
        texts=_text("subject", "message"),
        public=True,
        # SNS refuses a subject of more than 100 characters, or with other letters than ASCII has: the message says all.
        writes=(
            Written(way=("sigv4", "region"), says="region"),
            *_writes({"topic_arn": "address", "send_resolved": "resolved", "subject": "nothing", "message": "both"}),
        ),
        redirects=("api_url",),
    ),
    Kind(
        name="jira",
        title="Jira project {}",
        address=("project",),
        resolved=True,
        since=(0, 33),
        example="api_url: 'http://a', project: a, issue_type: b",
        texts=_text("summary", "description"),
        public=True,
        files=(
            File(key="token_file", way=_PASSWORD, usual="jira-token", given="user"),
            File(key="token_file", way=_TOKEN, usual="jira-token", unless="user"),
        ),
        options=(
            Option(key="issue_type", way=("issue_type",), usual="Task"),
            Option(key="user", way=_USER),
        ),
        server="api_url",
        server_needed=True,
        writes=(
            *_writes({"api_url": "server", "project": "address", "issue_type": "option", "send_resolved": "resolved"}),
            *_writes({"summary": "title", "description": "text"}),
            Written(way=_USER, says="option"),
            Written(way=_PASSWORD, says="file"),
            Written(way=_TOKEN, says="file"),
        ),
        redirects=("api_url",),
        global_redirects=("jira_api_url",),
        as_yaml=("fields",),
    ),
    Kind(
        name="rocketchat",
        title="Rocket.Chat {}",
        address=("channel",),
        secrets=("token_file", "token_id_file"),
        resolved=False,
        since=(0, 28),
        example="token_id_file: /k, token_file: /k, channel: '#a'",
        texts=_text("title", "title_link", "text"),
        public=True,
        channel=True,
        files=(
            File(key="key_file", way=("token_id_file",), usual="rocketchat-token-id"),
            File(key="token_file", way=("token_file",), usual="rocketchat-token"),
        ),
        server="api_url",
        writes=_writes(
            {
                "token_id_file": "file",
                "token_file": "file",
                "channel": "address",
                "api_url": "server",
                "send_resolved": "resolved",
                "title": "title",
                "title_link": "link",
                "text": "text",
            }
        ),
        redirects=("api_url",),
        global_redirects=("rocketchat_api_url",),
        servers=("https://open.rocket.chat/",),
    ),
    Kind(
        name="mattermost",
        title="Mattermost {}",
        address=("channel", "webhook_url_file"),
        secrets=("webhook_url_file",),
        resolved=True,
        since=(0, 33),
        example="webhook_url_file: /k",
        texts=_text("title", "title_link", "text", "fallback"),
        public=True,
        channel=True,
        files=(File(key="url_file", way=("webhook_url_file",), usual="mattermost-url"),),
        writes=_writes(
            {
                "webhook_url_file": "file",
                "channel": "address",
                "send_resolved": "resolved",
                "title": "title",
                "title_link": "link",
                "text": "text",
                "fallback": "title",
            }
        ),
    ),
    Kind(
        name="incidentio",
        title="incident.io {}",
        address=("url", "url_file"),
        secrets=("url_file", "alert_source_token_file"),
        resolved=True,
        closes=True,
        since=(0, 33),
        example="url: 'http://a', alert_source_token_file: /k",
        public=False,
        files=(File(key="token_file", way=("alert_source_token_file",), needed=True),),
        writes=_writes({"url": "address", "alert_source_token_file": "file", "send_resolved": "resolved"}),
    ),
    Kind(
        name="wechat",
        title="WeChat {}",
        address=("to_user", "to_party", "to_tag"),
        secrets=("api_secret_file",),
        resolved=False,
        since=(0, 25),
        example="corp_id: a, api_secret: a",
        texts=_text("message"),
        public=True,
        files=(File(key="key_file", way=("api_secret_file",), usual="wechat-secret"),),
        options=(
            Option(key="corp", way=("corp_id",), needed=True),
            Option(key="agent", way=("agent_id",), needed=True),
        ),
        server="api_url",
        writes=_writes(
            {
                "api_secret_file": "file",
                "corp_id": "option",
                "agent_id": "option",
                "to_user": "address",
                "api_url": "server",
                "send_resolved": "resolved",
                "message": "both",
            }
        ),
        redirects=("api_url", "to_party", "to_tag"),
        global_redirects=("wechat_api_url",),
        servers=("https://qyapi.weixin.qq.com/cgi-bin/",),
    ),
)
KINDS: Mapping[str, Kind] = {row.name: row for row in _ROWS}
"""Every kind by its name."""
FILES = frozenset(file.key for row in _ROWS for file in row.files)
"""The keys by which channels of the policy name files with secrets."""
OPTIONS = frozenset(option.key for row in _ROWS for option in row.options)
"""The keys by which channels of the policy say what else is written of their place."""
