"""What a drill reads in the messages of Alertmanager: the conditions, by the way in which each kind carries them."""

import pytest

from generator.drill.scaled import MARK
from generator.drill.world import Call
from generator.upstream.alertmanager.integrations import KINDS

BODIES = {
    "webhook": {"alerts": [{"annotations": {MARK: "1/2"}, "status": "firing"}, {"annotations": {}}]},
    "slack": {"attachments": [{"callback_id": "1/2=firing"}]},
    "pagerduty": {"payload": {"custom_details": {MARK: "1/2=firing"}}},
    "email": {"to": "a@shop.example", "subject": "", "text": "", "marks": "1/2=firing"},
}


def call(kind, body):
    return Call(receiver="room", number=0, kind=KINDS[kind], authorization=None, body=body, at=0.0)


@pytest.mark.parametrize("kind", BODIES)
def test_the_conditions_of_a_message_are_read_once(kind):
    """Whoever waits looks at every message again at each that comes, and holds up all answers meanwhile."""
    body = dict(BODIES[kind])
    received = call(kind, body)
    body.clear()
    assert received.marks == {"1/2": "firing"}


@pytest.mark.parametrize("kind", BODIES)
def test_a_message_about_nothing_of_the_drill_has_no_conditions(kind):
    assert call(kind, {}).marks == {}
