"""Which alerts are silent because others fire; compared with running Alertmanagers in test_fidelity.py."""

import pytest

from generator.system.artifact import Artifact
from generator.upstream.alertmanager.inhibition import Inhibitor
from tests.compiling import read_back


def rules(text):
    head = "route: {receiver: r}\ninhibit_rules:\n"
    return read_back((Artifact(path="alertmanager/alertmanager.yml", text=head + text),)).inhibitions


DOWN = """\
- source_matchers: ['down="yes"']
  target_matchers: ['severity=~"P2|P3"']
  equal: [service, region]
"""
LEDGER = {"down": "yes", "service": "ledger", "severity": "P1"}


def silenced(text, labels, *firing):
    """Return the sources that silence, and whether they surely do."""
    return [(one.sources, one.certain) for one in Inhibitor(rules(text), firing).suppressions(labels)]


@pytest.mark.parametrize(
    ("labels", "by"),
    [
        # Neither has a region: absent is equal to absent, and to empty.
        ({"severity": "P2", "service": "ledger"}, [((LEDGER,), True)]),
        ({"severity": "P2", "service": "ledger", "region": ""}, [((LEDGER,), True)]),
        ({"severity": "P2", "service": "ledger", "region": "eu"}, []),
        ({"severity": "P2", "service": "auth"}, []),
        ({"severity": "P1", "service": "ledger"}, []),
    ],
)
def test_a_source_silences_the_targets_that_agree_with_it(labels, by):
    assert silenced(DOWN, labels, LEDGER) == by


def test_nothing_is_silent_where_no_source_fires():
    assert silenced(DOWN, {"severity": "P2", "service": "ledger"}, {"severity": "P1", "service": "ledger"}) == []


CHAIN = """\
- {source_matchers: [level=a], target_matchers: [level=b]}
- {source_matchers: [level=b], target_matchers: [level=c]}
"""
A, B, C = {"level": "a"}, {"level": "b"}, {"level": "c"}


def test_a_silent_source_silences_all_the_same():
    assert silenced(CHAIN, B, A, B, C) == [((A,), True)]
    assert silenced(CHAIN, C, A, B, C) == [((B,), True)]


BOTH = "- {source_matchers: ['level=~\"a|b\"'], target_matchers: ['level=~\"b|c\"']}\n"
OTHER_B = {"level": "b", "n": "2"}


def test_alerts_on_both_sides_of_a_rule_do_not_silence_each_other():
    assert silenced(BOTH, B, B, OTHER_B) == []


def test_an_alert_on_both_sides_is_silenced_by_one_that_is_not():
    assert silenced(BOTH, B, A) == [((A,), True)]


def test_where_a_source_on_both_sides_fires_too_alertmanagers_memory_decides():
    # Since 0.30: it remembers one source, and may find the one that cannot silence.
    assert silenced(BOTH, B, A, B) == [((A,), False)]


def test_what_is_on_one_side_only_is_silenced_by_all_sources():
    assert silenced(BOTH, C, A, B) == [((A, B), True)]


def test_every_rule_that_silences_is_told_in_the_order_of_the_file():
    text = CHAIN + "- {source_match: {level: a}, target_match_re: {level: '[bc]'}}\n"
    assert [one.rule.where for one in Inhibitor(rules(text), (A, B)).suppressions(C)] == [
        ("inhibit_rules", 1),
        ("inhibit_rules", 2),
    ]


def test_a_rule_without_matchers_is_about_every_alert():
    assert silenced("- {equal: [level]}\n", A, A, B) == []
    assert silenced("- {target_matchers: [level=c]}\n", C, A) == [((A,), True)]
