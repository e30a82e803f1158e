"""Which texts Alertmanager renders twice: the real one loses exactly the pages that we say it loses."""

import json

import pytest

from generator.checks.files.rendered_twice import is_rendered_again
from tests.alertmanager import Alert, running, world

TEXTS = {
    "x {{ .y }}": False,
    "k: x {{ .y }}": True,
    "\tk: x {{ .y }}": False,
    "k: x\nl: [{{ .y }}]": False,
    "k: x\nl: [a, 'b {{ .y }}']": True,
    "x {{ .y }}: k": True,
    "- {{ .y }}": False,
    "- x {{ .y }}": True,
    '["{{ .y }}"]': True,
    '{"k": {"l": ["{{ .y }}"]}}': True,
    '"k: x {{ .y }}"': False,
    "{{ .y }}": False,
    "one: two: {{ .y }}": False,
    "a: 1\n---\nk: x {{ .y }}": False,
    "k: x {{ .y }}\n---\n- [": True,
    "# k: x {{ .y }}": False,
    "k: |\n  x {{ .y }}": True,
    "Note:\tx {{ .y }}": True,
}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_read_as_yaml(text):
    assert is_rendered_again(text) == TEXTS[text]


@pytest.mark.network
@pytest.mark.realtime
def test_alertmanager_loses_the_pages_whose_details_are_rendered_again(tmp_path):
    with world() as everybody:
        (tmp_path / "key").write_text("k" * 32)
        config = {
            "route": {"receiver": "pager", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
            "receivers": [
                {
                    "name": "pager",
                    "pagerduty_configs": [
                        {
                            "routing_key_file": str(tmp_path / "key"),
                            "url": f"{everybody.url}/pagerduty",
                            "description": "{{ .CommonLabels.alertname }}",
                            "details": {"firing": "", "resolved": "", "text": "{{ .CommonAnnotations.text }}"},
                        }
                    ],
                }
            ],
        }
        file = tmp_path / "alertmanager.yml"
        file.write_text(json.dumps(config), encoding="utf-8")
        alerts = {f"A{number}": text for number, text in enumerate(TEXTS)}
        with running("forky", file, tmp_path) as server:
            server.post(
                *(Alert(labels={"alertname": name}, annotations={"text": text}) for name, text in alerts.items())
            )
            arriving = sum(not again for again in TEXTS.values())
            pages = everybody.wait_for_calls("pagerduty", arriving)
            lost = len(TEXTS) - arriving
            server.wait_until(
                "the others fail", lambda: server.log.read_text().count("failed to render details") >= lost
            )
        arrived = {alerts[page.body["payload"]["summary"]] for page in pages}
        assert arrived == {text for text, again in TEXTS.items() if not again}
