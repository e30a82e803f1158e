"""What an audit says of who is told is what running Alertmanagers choose, for label sets that are drawn by chance."""

import pytest

from tests import audited, seeds
from tests.alertmanager import SUITES

pytestmark = pytest.mark.network

RULES = """\
groups:
  - name: g
    rules:
      - {alert: Plain, expr: x > 0, labels: {severity: critical}}
      - {alert: Fixed, expr: sum(x) > 0, labels: {severity: critical, team: shop}}
      - {alert: Selected, expr: 'x{namespace=~"kube-.+|live",env!="test"} > 0', labels: {severity: warning}}
      - {alert: Kept, expr: 'sum by (namespace, env) (x) > 0', labels: {severity: '{{ $labels.namespace }}'}}
      - {alert: Copied, expr: 'x{env="live"} > 0', labels: {severity: warning, team: '{{ $labels.env }}'}}
      - {record: 'ns:x:sum', expr: 'sum by (namespace) (x)', labels: {env: live}}
      - {alert: Recorded, expr: 'ns:x:sum > 0', labels: {severity: critical}}
"""
ALERTMANAGER = """\
route:
  receiver: default
  routes:
    - {receiver: log, continue: true}
    - receiver: kube
      match_re: {namespace: kube-.*|openshift}
      routes:
        - {receiver: kube-page, match: {severity: critical}}
        - {receiver: kube-live, matchers: ['env=~"live|"', 'instance!=""'], continue: true}
        - {receiver: kube-test, matchers: ['env!~"live|stage"']}
    - {receiver: live, matchers: ['team=~"live|shop"', 'env!="test"'], continue: true}
    - {receiver: page, matchers: ['severity="critical"']}
    - {receiver: rest, matchers: ['alertname=~"S.*|K.*"', 'namespace!=""']}
receivers:
"""
NAMES = ("default", "log", "kube", "kube-page", "kube-live", "kube-test", "live", "page", "rest")


@pytest.mark.drawn
@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_alertmanager_chooses_what_was_said(suite, tmp_path):
    (tmp_path / "rules.yml").write_text(RULES)
    receivers = "".join(f"  - {{name: {name}, webhook_configs: [{{url: 'http://127.0.0.1:9'}}]}}\n" for name in NAMES)
    (tmp_path / "alertmanager.yml").write_text(ALERTMANAGER + receivers)
    tally = audited.run(
        [str(tmp_path / "rules.yml")], [str(tmp_path / "alertmanager.yml")], 2_000, 20, suite, seeds.seed()
    )
    assert tally.faults == []
    assert (tally.label_sets, tally.asked) == (2_000, 20)
    assert 0 < tally.certain < tally.label_sets
