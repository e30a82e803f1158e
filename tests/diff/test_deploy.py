"""What `alertc diff` says of loading files is what a Prometheus does when it loads them."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from tests.alertmanager import LIMIT, SUITES, prometheus

if TYPE_CHECKING:
    from pathlib import Path

ASK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def rules(expr: str = "vector(1) > 0", group: str = "g", name: str = "A", **labels: str) -> str:
    rule = {"alert": name, "expr": expr, "for": "1h", "labels": labels}
    return json.dumps({"groups": [{"name": group, "interval": "1s", "rules": [rule]}]})


def address(folder: Path) -> str:
    ends = time.monotonic() + LIMIT
    while time.monotonic() < ends:
        said = (folder / "prometheus.log").read_text(encoding="utf-8")
        found = re.search(r"[Ll]istening on\"? .*?address=(127\.0\.0\.1:\d+)", said)
        if found and "Server is ready to receive web requests" in said:
            return f"http://{found[1]}"
        time.sleep(0.05)
    pytest.fail(f"Prometheus did not start: {said[-3000:]}")


def pending(url: str, expr: str, **labels: str) -> str:
    """Return since when the alert of this rule is pending."""
    ends = time.monotonic() + LIMIT
    seen: Any = None
    while time.monotonic() < ends:
        with ASK.open(f"{url}/api/v1/rules", timeout=LIMIT) as answer:
            seen = json.load(answer)["data"]["groups"]
        for rule in (rule for group in seen for rule in group["rules"]):
            if rule["query"] == expr and rule["labels"] == labels and rule["alerts"]:
                return str(rule["alerts"][0]["activeAt"])
        time.sleep(0.05)
    pytest.fail(f"not pending: {expr} {labels}; there are {seen}")


@pytest.mark.network
@pytest.mark.realtime
@pytest.mark.parametrize("suite", SUITES)
def test_a_hold_begins_anew_with_another_name_or_label_or_group_and_not_with_another_expression(suite, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(rules(), encoding="utf-8")
    config = {"global": {"evaluation_interval": "1s"}, "rule_files": [str(file)]}
    with prometheus(suite, tmp_path, config, "--web.enable-lifecycle"):
        url = address(tmp_path)

        def loaded(text: str, expr: str, **labels: str) -> str:
            file.write_text(text, encoding="utf-8")
            ASK.open(urllib.request.Request(f"{url}/-/reload", b""), timeout=LIMIT).close()
            return pending(url, expr, **labels)

        begun = pending(url, "vector(1) > 0")
        assert loaded(rules("vector(2) > 0"), "vector(2) > 0") == begun
        labelled = loaded(rules("vector(2) > 0", team="web"), "vector(2) > 0", team="web")
        assert labelled > begun
        grouped = loaded(rules("vector(3) > 0", group="h", team="web"), "vector(3) > 0", team="web")
        assert grouped > labelled
        named = loaded(rules("vector(4) > 0", group="h", name="B", team="web"), "vector(4) > 0", team="web")
        assert named > grouped
