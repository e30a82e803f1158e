"""A channel of each kind is written as Alertmanager reads it, with its secret in a file, and proven like any other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from generator.checks import verify
from generator.checks.files import destinations, public, routing, versions
from generator.system import programs
from generator.upstream.alertmanager.integrations import KINDS
from generator.upstream.features import GENERATIONS, written
from tests.alertmanager import SUITES, program
from tests.compiling import SMALL, edited, files, refusal
from tests.compiling import said as findings
from tests.verifying import verified

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Golden

A = "alertmanager/alertmanager.yml"
ROOM = '  room: {slack: "#shop", audience: internal}'
DRAFT = '{slack: "#status", url_file: slack-url-status, audience: public'

CHANNELS = {
    "pagerduty": ("pagerduty: Shop, key_file: pagerduty-shop", (0, 25)),
    "slack": ('slack: "#shop"', (0, 25)),
    "webhook": ("url_file: hook-address", (0, 28)),
    "email": ("email: shop@shop.example", (0, 25)),
    "msteams": ("msteams: Incidents, url_file: teams-incidents", (0, 28)),
    "msteamsv2": ("msteamsv2: Incidents, url_file: teams-incidents", (0, 28)),
    "discord": ('discord: "#incidents", url_file: discord-incidents', (0, 28)),
    "telegram": ("telegram: -1001234567890", (0, 28)),
    "opsgenie": ("opsgenie: Shop, key_file: opsgenie-shop, server: 'https://api.eu.opsgenie.com/'", (0, 25)),
    "victorops": ("victorops: shop", (0, 25)),
    "pushover": ("pushover: Operators, key_file: pushover-operators", (0, 28)),
    "webex": ("webex: Y2lzY29zcGFyazovL3VzL1JPT00", (0, 25)),
    "rocketchat": ('rocketchat: "#shop", server: "https://chat.shop.example/"', (0, 28)),
    "mattermost": ("mattermost: shop", (0, 33)),
    "sns": ("sns: 'arn:aws:sns:us-east-2:123456789012:incidents'", (0, 25)),
    "jira": ("jira: SHOP, user: am@shop.example, server: 'https://shop.atlassian.net/rest/api/2/'", (0, 33)),
    "wechat": ("wechat: '@all', corp: ww0123456789abcdef, agent: '1000002'", (0, 33)),
    "incidentio": ("incidentio: 'https://api.incident.io/v2/alert_events/alertmanager/A', token_file: io", (0, 33)),
}
"""How a policy says each kind, and the first version that has all that it needs."""

PUBLIC = [name for name in CHANNELS if KINDS[name].public]
NEWER = [name for name, (_, since) in CHANNELS.items() if since > GENERATIONS["alertmanager"][0]]


def policy(name: str, version: tuple[int, ...] | None = None, *, draft: bool = True) -> str:
    """Return the small policy with a room, and where it may be a draft for the public, of a kind."""
    says, since = CHANNELS[name]
    stack = f'version: "{written(version or since)}", peers: 2'
    smtp = ", smtp: {smarthost: 'mail.shop.example:25', from: am@shop.example}" if KINDS[name].mail else ""
    edits = [
        (ROOM, f"  room: {{{says}, audience: internal}}"),
        ('version: "0.25", peers: 2', stack),
        ("secrets: /etc/alertmanager/secrets", f"secrets: /etc/alertmanager/secrets{smtp}"),
    ]
    if draft and name in PUBLIC:
        own = re.sub(r"(?<=_file: )", "public-", says)
        edits.append((DRAFT, f"{{{own}, audience: public"))
    return edited(SMALL, *edits)


def receivers(text: str) -> str:
    """Return what is written for the room and for the public's draft."""
    blocks = files(text)[A].split("\nreceivers:\n")[1].split("\n\n")[0].split("  - name: ")
    return "".join(one for one in blocks if one.startswith(("room\n", "status-draft\n")))


def test_each_kind_that_the_policy_has_is_tried() -> None:
    assert CHANNELS.keys() == {name for name, kind in KINDS.items() if kind.writes}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_is_written_with_its_secret_in_a_file(name: str, golden: Golden) -> None:
    golden.expect(f"channels/{name}.yml", receivers(policy(name)))


@pytest.mark.parametrize("name", CHANNELS)
def test_what_is_written_is_what_the_policy_promises(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check, routing.check, public.check, versions.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    assert verified(policy=policy(name)) == ""


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_alertmanager_loads_every_kind_that_its_version_has(suite: str, tmp_path: Path) -> None:
    amtool = program(suite, "amtool")
    names = [name for name, (_, since) in CHANNELS.items() if since <= amtool.version]
    assert len(names) >= 5
    for name in names:
        (tmp_path / f"{name}.yml").write_text(files(policy(name))[A], encoding="utf-8")
    result = programs.run([amtool.path, "check-config", *(f"{name}.yml" for name in names)], cwd=tmp_path)
    loaded = re.findall(r"^Checking '(.*)\.yml'  SUCCESS$", result.stdout, re.MULTILINE)
    assert loaded == names, result.stdout


@pytest.mark.parametrize("name", NEWER)
def test_a_kind_that_the_declared_version_lacks_is_one_clear_error(name: str, golden: Golden) -> None:
    golden.expect(f"channels/too-old-{name}.txt", refusal(policy(name, GENERATIONS["alertmanager"][0], draft=False)))


FAULTS = {
    "file-not-named": ("msteamsv2: Incidents", (0, 28)),
    "file-that-nothing-reads": ('slack: "#shop", token_file: slack-token', (0, 25)),
    "server-that-nothing-reads": ("msteamsv2: I, url_file: t, server: 'https://teams.example/'", (0, 28)),
    "webhook-twice": ("webhook: 'http://hook.internal', url_file: hook-address", (0, 28)),
    "jira-without-a-server": ("jira: SHOP", (0, 33)),
    "wechat-without-its-application": ("wechat: '@all', corp: ww0, issue_type: Task", (0, 33)),
    "chat-without-number": ("telegram: operators", (0, 28)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_channel_that_cannot_work_is_refused(name: str, golden: Golden) -> None:
    says, version = FAULTS[name]
    text = edited(
        SMALL,
        (ROOM, f"  room: {{{says}, audience: internal}}"),
        ('version: "0.25", peers: 2', f'version: "{written(version)}", peers: 2'),
    )
    golden.expect(f"channels/{name}.txt", findings(text))


def test_the_public_is_not_told_by_a_kind_that_carries_every_label(golden: Golden) -> None:
    text = edited(SMALL, (DRAFT, "{opsgenie: Shop, key_file: opsgenie-shop, audience: public"))
    golden.expect("channels/public-opsgenie.txt", refusal(text))


def test_a_channel_for_the_public_does_not_share_the_file_that_leads_to_an_internal_one(golden: Golden) -> None:
    says = "msteamsv2: Incidents, url_file: teams-incidents"
    text = edited(
        SMALL,
        (ROOM, f"  room: {{{says}, audience: internal}}"),
        (DRAFT, f"{{{says}, audience: public"),
        ('version: "0.25", peers: 2', 'version: "0.28", peers: 2'),
    )
    golden.expect("channels/public-shares-a-file.txt", refusal(text))


ELSEWHERE = {
    "pagerduty": ("secrets/pagerduty-shop'", "secrets/pagerduty-other'"),
    "msteamsv2": ("secrets/teams-incidents'", "secrets/teams-other'"),
    "discord": ("secrets/discord-incidents'", "secrets/discord-other'"),
    "telegram": ("chat_id: -1001234567890", "chat_id: -1001234567891"),
    "opsgenie": ("        api_url: 'https://api.eu.opsgenie.com/'\n", ""),
    "victorops": ("        routing_key: shop\n", "        routing_key: shop\n        api_url: http://127.0.0.1:1/\n"),
    "pushover": ("        token_file: '/etc/alertmanager/secrets/pushover-token'\n", "        token_file: /other\n"),
    "webex": ("secrets/webex-token'", "secrets/other-token'"),
    "rocketchat": ("https://chat.shop.example/", "https://chat.other.example/"),
    "mattermost": ("secrets/mattermost-url'", "secrets/other-url'"),
    "incidentio": ("alertmanager/A'", "alertmanager/B'"),
    "sns": ("          region: us-east-2\n", "          region: eu-west-1\n"),
    "jira": ("          password_file: '/etc/alertmanager/secrets/jira-token'\n", "          password_file: /other\n"),
    "wechat": ("        corp_id: ww0123456789abcdef\n", "        corp_id: other\n"),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_message_that_goes_elsewhere_is_found(name: str, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check, routing.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    golden.expect(f"channels/elsewhere-{name}.txt", verified((A, *ELSEWHERE[name]), policy=policy(name)))


SECRETS = {
    "user": ("https://me:hunter2@hook.internal/v1", "token_file"),
    "token": ("https://hook.internal/v1?env=prod&access_token=hunter2", "url_file"),
    "slack": ("https://hooks.slack.com/services/T0/B0/hunter2", "`slack`"),
    "discord": ("https://discord.com/api/webhooks/1/hunter2", "`discord`"),
    "connector": ("https://shop.webhook.office.com/webhookb2/hunter2", "`msteams`"),
    "workflow": ("https://prod-1.westeurope.logic.azure.com:443/workflows/hunter2", "`msteamsv2`"),
    "bot": ("https://api.telegram.org/bot1:hunter2/sendMessage", "`telegram`"),
}


@pytest.mark.parametrize("name", SECRETS)
def test_an_address_that_is_a_secret_is_refused_and_not_said(name: str, golden: Golden) -> None:
    address, instead = SECRETS[name]
    said = refusal(edited(SMALL, (ROOM, f'  room: {{webhook: "{address}", audience: internal}}')))
    assert instead in said
    assert "hunter2" not in said
    golden.expect(f"channels/secret-{name}.txt", said)


@pytest.mark.parametrize(
    "address",
    [
        "https://hook.internal/v1?env=prod&tokens=4",
        "https://hook.internal/@shop?sig=",
        "https://slack.hook.internal/hooks.slack.com/services/a",
        "https://webhook.office.com.hook.internal/",
    ],
)
def test_an_address_that_only_looks_like_one_is_taken(address: str) -> None:
    assert address in files(edited(SMALL, (ROOM, f'  room: {{webhook: "{address}", audience: internal}}')))[A]


# ------------------------------------------------------------------------------------------- the mail server

LOGIN = "smarthost: 'mail.shop.example:587', from: am@shop.example, hello: am.shop.example, username: am, "
LOGIN += "password_file: smtp-password, require_tls: true"


def mailing(smtp: str = LOGIN) -> str:
    """Return the small policy with a room by e-mail and this mail server."""
    return edited(
        SMALL,
        (ROOM, "  room: {email: shop@shop.example, audience: internal}"),
        ("secrets: /etc/alertmanager/secrets", f"secrets: /etc/alertmanager/secrets, smtp: {{{smtp}}}"),
    )


def test_a_mail_server_is_written_with_its_login_and_the_password_in_a_file(golden: Golden) -> None:
    golden.expect("channels/mail-server.yml", files(mailing())[A].split("\ntemplates:")[0].split("render`.\n")[1])


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_alertmanager_loads_a_mail_server_with_a_login(suite: str, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(files(mailing())[A], encoding="utf-8")
    result = programs.run([program(suite, "amtool").path, "check-config", "a.yml"], cwd=tmp_path)
    assert result.stdout.startswith("Checking 'a.yml'  SUCCESS\n"), result.stdout


@pytest.mark.parametrize("lacks", ["username: am, ", "password_file: smtp-password, "])
def test_half_of_a_login_is_refused(lacks: str, golden: Golden) -> None:
    golden.expect(f"channels/login-without-{lacks.partition(':')[0]}.txt", refusal(mailing(LOGIN.replace(lacks, ""))))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", ""),
        ("mail.shop.example:587", "mail.other.example:587", "sends to another server: `smtp_smarthost` is mail.other"),
        ("secrets/smtp-password", "secrets/other", "`smtp_auth_password_file` is /etc/alertmanager/secrets/other"),
        ("  smtp_auth_username: am\n", "", "says: `smtp_auth_username` is not set"),
        ("smtp_require_tls: true", "smtp_require_tls: false", "says: `smtp_require_tls` is false"),
        ("      - to: ", "      - auth_username: me\n        to: ", "says: `auth_username` is me"),
    ],
)
def test_mail_that_goes_another_way_is_found(
    before: str, after: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    found = verified((A, before, after), policy=mailing())
    assert found.count("error[RTE615]") == bool(said)
    assert said in found


# ------------------------------------------------------------------------------------------- the proxy


def through(proxy: str, version: str = "0.28") -> str:
    """Return the small policy with this proxy."""
    return edited(
        SMALL,
        ('version: "0.25", peers: 2', f'version: "{version}", peers: 2, proxy: "{proxy}"'),
    )


PROXIES = {"address": ("http://proxy.internal:3128", "0.25"), "environment": ("environment", "0.28")}


@pytest.mark.parametrize("name", PROXIES)
def test_all_messages_leave_through_the_proxy(name: str, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check, versions.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    text = through(*PROXIES[name])
    written_file = files(text)[A]
    # A client of its own stands in place of the global one, so the proxy is there again.
    halt = next(one for one in written_file.split("  - name: ") if one.startswith("halt\n"))
    golden.expect(f"channels/proxy-{name}.yml", written_file.split("\ntemplates:")[0].split("render`.\n")[1] + halt)
    assert verified(policy=text) == ""


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_alertmanager_loads_the_proxy(suite: str, tmp_path: Path) -> None:
    amtool = program(suite, "amtool")
    for proxy, version in PROXIES.values():
        (tmp_path / "a.yml").write_text(files(through(proxy, max(version, "0.28")))[A], encoding="utf-8")
        result = programs.run([amtool.path, "check-config", "a.yml"], cwd=tmp_path)
        assert (result.code == 0) == (tuple(map(int, version.split("."))) <= amtool.version), result.stdout


@pytest.mark.parametrize(
    ("proxy", "version"), [("environment", "0.25"), ("http://me:hunter2@proxy.internal:3128", "0.28")]
)
def test_a_proxy_that_cannot_be_is_refused(proxy: str, version: str, golden: Golden) -> None:
    said = refusal(through(proxy, version))
    assert "hunter2" not in said
    golden.expect(f"channels/proxy-refused-{version}.txt", said)


PROXY_LINE = "            credentials_file: '/etc/alertmanager/secrets/halt-token'\n          proxy_url: "


def test_a_message_that_goes_around_the_proxy_is_found(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "VERIFIERS", (destinations.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    edits = (A, PROXY_LINE + "'http://proxy.internal:3128'\n", PROXY_LINE.rpartition("          proxy")[0])
    golden.expect("channels/around-the-proxy.txt", verified(edits, policy=through(*PROXIES["address"])))
