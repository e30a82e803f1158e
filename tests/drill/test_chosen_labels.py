"""A policy that names its labels on real servers: everybody is told as predicted, also of a deadline."""

import pytest

from tests.chosen_labels import ALL, choosing
from tests.projects import alertc


@pytest.mark.network
@pytest.mark.realtime
@pytest.mark.parametrize("scenario", ["page-and-escalate", "unknown-alert"])
def test_each_promise_is_kept_on_real_servers(tmp_path, scenario):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(choosing(ALL), encoding="utf-8")
    drilled = alertc(tmp_path, "drill", "MoneyLost", "--scenario", scenario, "--scale", "30")
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    assert "everything came inside its prediction, and nobody else was told." in drilled.stdout
