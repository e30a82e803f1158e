"""A draft for the public says what it is for: the duty, and when it holds."""

import yaml

from tests.compiling import SMALL, edited, files
from tests.verifying import verified

CONFIGURATION, PROCEDURE = "alertmanager/alertmanager.yml", "docs/incident-response.md"
FOR = "Update the status page, every 30m while it lasts"
TITLE = '{{ template "alertc.public.title" . }}'
CHANNEL = 'status-draft: {slack: "#status", url_file: slack-url-status, audience: public,'


def receiver(text, kind):
    """Return what the public channel says, where it is of a kind."""
    found = yaml.safe_load(files(text)[CONFIGURATION])["receivers"]
    return next(one for one in found if one["name"] == "status-draft")[f"{kind}_configs"][0]


def test_the_title_says_what_it_is_for():
    assert receiver(SMALL, "slack")["title"] == f"{TITLE}: {FOR}"
    assert receiver(SMALL, "slack")["text"] == '{{ template "alertc.public.text" . }}'
    email = edited(
        SMALL,
        (CHANNEL, "status-draft: {email: drafts@shop.example, audience: public,"),
        (
            "secrets: /etc/alertmanager/secrets}",
            "secrets: /etc/alertmanager/secrets, smtp: {smarthost: 'mail:587', from: a@b.example}}",
        ),
    )
    assert receiver(email, "email")["headers"]["subject"] == f"{TITLE}: {FOR}"
    assert verified(policy=email) == ""


def test_where_title_and_text_are_one_the_title_ends_its_line():
    newer = edited(
        SMALL,
        ('alertmanager: {version: "0.25"', 'alertmanager: {version: "0.33"'),
        (CHANNEL, "status-draft: {telegram: '-100', audience: public,"),
    )
    assert receiver(newer, "telegram")["message"] == (
        f'{TITLE}: {FOR}{{{{ "\\n" }}}}{{{{ template "alertc.public.text" . }}}}'
    )


def test_all_duties_are_named_and_braces_of_a_title_are_no_template():
    more = edited(
        SMALL,
        ("via: [room], steps", "via: [room, status-draft], steps"),
        ("title: Update the status page,", 'title: "Say {{ it\'s }} down",'),
    )
    assert receiver(more, "slack")["title"] == (
        f'{TITLE}: Post-mortem, within 48h of the resolution; Say {{{{ "{{{{" }}}} it\'s }}}} down, every 30m '
        "while it lasts"
    )
    assert verified(policy=more) == ""


def test_a_channel_that_no_duty_names_says_what_it_said():
    without = edited(
        SMALL,
        (", via: [status-draft]}", ", via: [room]}"),
        (
            "    notify: [page, room]\n    closes: by-hand\n  P1",
            "    notify: [page, room, status-draft]\n    closes: by-hand\n  P1",
        ),
    )
    assert receiver(without, "slack")["title"] == TITLE


def test_the_procedure_says_it_beside_the_channel():
    told = "Drafts: Update the status page, every 30m during P0 and P1."
    assert f"- **status-draft**: #status, public. {told} Never name a customer.\n" in files(SMALL)[PROCEDURE]
