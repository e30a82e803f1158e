"""The kinds of integration that Alertmanager has, a row each; all code that knows a kind reads its row.

Settings and defaults are those of config/notifiers.go and, since 0.32, of notify/<kind>/config.go; what a message
carries is in notify/<kind>/<kind>.go, and what a text says where it is not set in template/default.tmpl.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from generator.upstream.pagerduty import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

SUFFIX = "_configs"
"""`slack_configs` are the integrations of a receiver whose kind is `slack`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A setting with text for people, by its path; its default in Alertmanager names labels or addresses."""

    way: tuple[str, ...]
    html: bool = False
    """Whether Alertmanager escapes its values as HTML."""
    needed: str | None = None
    """Why it must not be empty ("" where that is obvious); None: it may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a drill plays the server that receives the messages.

    Paths lead into the JSON of a message, `*` to each item of a list.
    """

    address: str
    """The setting that is replaced by the drill's address."""
    mark: tuple[str, ...] = ()
    """The setting that carries the drill's mark; empty: the message carries the alerts themselves."""
    carried: tuple[str, ...]
    """The path of the mark, or of the alerts, in the message."""
    read: tuple[tuple[str, ...], ...]
    """The paths of the texts that a person reads; of a mapping its `title` and its `value`."""
    drops: tuple[str, ...] = ()
    """The settings to remove, which would send the message elsewhere."""
    status: int = 200
    answer: str = '{"status": "success"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of integration; `name` is `slack` for the entries of `slack_configs`."""

    name: str
    title: str
    """What people call it, with `{}` for its address."""
    address: tuple[str, ...]
    """The settings that say where it sends; the first one that is set counts."""
    secrets: tuple[str, ...] = ()
    """The settings that name a file with a secret."""
    resolved: bool | None
    """The default of `send_resolved`; None: not known."""
    since: tuple[int, ...]
    """The first version that was tried and loads it (`features.GENERATIONS`; Debian's 0.28 has no Jira)."""
    example: str = ""
    """The smallest valid entry."""
    texts: tuple[Text, ...] = ()
    public: bool
    """Whether its messages hold nothing but its texts, so that a draft for the public may go there."""
    pages: bool = False
    """Whether it is PagerDuty, which pages people step by step."""
    program: bool = False
    """Whether it calls an address at which a program reads all labels and annotations."""
    mail: bool = False
    """Whether it needs a mail server."""
    channel: bool = False
    """Whether its address is a name that people know, such as `#incident-active`."""
    policy_key: Literal["url_file", "token_file"] | None = None
    """The key of a channel in the policy that names the file with its secret."""
    usual_file: str | None = None
    """The default of that file where neither the channel nor the stack names one; None: it needs none."""
    redirects: tuple[str, ...] = ()
    """The settings that lead to another server than `servers`, though the address is the same."""
    global_redirects: tuple[str, ...] = ()
    """The same of the `global` settings."""
    servers: tuple[str, ...] = ()
    """Its own servers, which may be named."""
    as_yaml: tuple[str, ...] = ()
    """The settings whose texts Alertmanager reads as YAML after it has rendered them (`rendered_twice`)."""
    unset: tuple[tuple[tuple[str, ...], str], ...] = ()
    """What it says where a setting is not there, by its path: only what grows with the alerts."""
    most: int | None = None
    """The characters of the longest message that arrives; None: not known, or Alertmanager cuts what is longer."""
    too_long: str = ""
    """What becomes of a longer message."""
    played: Played | None = None
    """How a drill plays its server; None: it cannot."""

    @property
    def plain(self) -> str:
        """What people call it without its address: `Slack`."""
        return self.title.partition("{}")[0].removeprefix("the ").rstrip(" (").removesuffix(" to")

    def says(self, settings: Mapping[str, Any]) -> str:
        """Return what people call an integration with these settings: `Slack #incident-active`."""
        return self.called(next((str(settings[key]) for key in self.address if settings.get(key)), ""))

    def called(self, address: str) -> str:
        """Return what people call an integration with this address."""
        return self.title.format(address).strip()


def kind(name: str) -> Kind:
    """Return the row of a kind; of an unknown kind only the name is known."""
    return KINDS.get(name) or Kind(name=name, title=name, address=(), resolved=None, since=(), public=False)


def _text(*names: str) -> tuple[Text, ...]:
    return tuple(Text(way=(name,)) for name in names)


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
        policy_key="url_file",
        usual_file="slack-url",
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
        since=(0, 25),
        example="url: 'http://a'",
        public=False,
        program=True,
        policy_key="token_file",
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
        redirects=("smarthost",),
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
    ),
    Kind(
        name="telegram",
        title="Telegram chat {}",
        address=("chat_id", "chat_id_file"),
        secrets=("bot_token_file",),
        resolved=True,
        since=(0, 25),
        example="bot_token: a, chat_id: 1",
        texts=(Text(way=("message",), html=True),),
        public=True,
    ),
    Kind(
        name="opsgenie",
        title="Opsgenie",
        address=("api_key_file",),
        secrets=("api_key_file",),
        resolved=True,
        since=(0, 25),
        example="api_key_file: /k",
        texts=_text("message", "description", "source"),
        public=False,  # `details` hold every common label
    ),
    Kind(
        name="victorops",
        title="VictorOps {}",
        address=("routing_key",),
        secrets=("api_key_file",),
        resolved=True,
        since=(0, 25),
        example="api_key_file: /k, routing_key: a",
        texts=_text("state_message", "entity_display_name"),
        public=True,
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
    ),
    Kind(
        name="incidentio",
        title="incident.io {}",
        address=("url", "url_file"),
        secrets=("url_file", "alert_source_token_file"),
        resolved=True,
        since=(0, 33),
        example="url: 'http://a', alert_source_token_file: /k",
        public=False,
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
    ),
)
KINDS: Mapping[str, Kind] = {row.name: row for row in _ROWS}
"""Every kind by its name."""
