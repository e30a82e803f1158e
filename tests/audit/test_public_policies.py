"""Configurations that organisations have published, said as policies: of each alert, the same receivers are told.

What is compared are alerts of rules that are not in the policy: those of a policy carry labels that no other has. The
configurations themselves are no part of this repository.
"""

import os
import random
import subprocess
from pathlib import Path

import pytest
import yaml

from generator.behaviour.behaviour import alertmanager
from generator.behaviour.part import Part
from generator.system import programs
from generator.upstream.alertmanager.match import Router, every_node
from generator.upstream.alertmanager.values import witness
from generator.upstream.alertmanager.ways import examples
from tests.compiling import ROOT, compiled, read_back

DATA = "ALERTC_AUDIT_DATA"
"""The variable that names a folder with the rules and the configurations of others, which are no part of this."""
POLICIES = sorted((ROOT / "tests/policies/public").glob("*.yaml"))
NOBODY = {"nixos": "ignore", "gardener": "dev-null", "kube-prometheus": "null", "govuk-paas": "silence"}
"""How they call the receiver that sends nothing."""
OWN = {"escalation", "duty", "containment", "incident", "page_each"}
"""Labels that no alert of others has."""
SETS = 40
UNSAID = {
    "alertmanager-example": lambda labels: (
        labels.get("service") == "database" and (labels.get("owner") == "team-Y" or labels.get("owner2") == "team-X")
    )
}
"""Where a policy tells others: docs/configurations.md says why. There it must differ, else the page is out of date."""

pytestmark = pytest.mark.skipif(DATA not in os.environ, reason=f"{DATA} names no folder with the files of others")


def theirs(name):
    path = Path(os.environ[DATA], "alertmanager-configs", f"{name}.yml")
    tree = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
    return path, Router(alertmanager(Part(path=path.name, value=tree)).root)


def ours(name, folder):
    artifacts = compiled((ROOT / f"tests/policies/public/{name}.yaml").read_text(encoding="utf-8")).artifacts
    path = folder / "alertmanager.yml"
    path.write_text(next(one.text for one in artifacts if one.path == "alertmanager/alertmanager.yml"))
    return path, Router(read_back(artifacts).root)


def is_of_others(labels):
    return not OWN & {name for name, value in labels.items() if value} and labels.get("environment", "") == ""


def told(names, policy):
    """Return receivers by the names that the policy gives them, which are in small letters."""
    nobody = NOBODY.get(policy)
    return {"nobody" if name == nobody else name.lower() for name in names}


def is_unsaid(name, labels):
    return name in UNSAID and UNSAID[name](labels)


@pytest.mark.parametrize("name", [path.stem for path in POLICIES])
def test_of_every_label_set_the_same_receivers_are_told(name, tmp_path):
    (_, before), (_, after) = theirs(name), ours(name, tmp_path)
    compared = 0
    for labels in filter(is_of_others, examples(before, after)):
        said, says = (told({node.receiver for node in router.routes_of(labels)}, name) for router in (before, after))
        assert (says != said) == is_unsaid(name, labels), labels
        compared += 1
    assert compared >= sum(1 for node in every_node(before.root) if node.matchers)


@pytest.mark.parametrize("name", [path.stem for path in POLICIES])
def test_amtool_says_so_too(name, tmp_path):
    (path, router), (after, own) = theirs(name), ours(name, tmp_path)
    before = loadable(path, tmp_path)
    matchers = [matcher for node in (*every_node(router.root), *every_node(own.root)) for matcher in node.matchers]
    values = {}
    for matcher in matchers:
        if matcher.label not in OWN | {"environment"}:
            values.setdefault(matcher.label, {"", "other"}).add(witness([matcher]) or "")
    chance = random.Random(name)
    for _ in range(SETS):
        labels = {label: chance.choice(sorted(some)) for label, some in sorted(values.items())}
        differs = asked(after, labels, name) != asked(before, labels, name)
        assert differs == is_unsaid(name, labels), labels


def loadable(path, folder):
    """Return a copy that each amtool loads: how messages are sent is not asked, and only later ones know every key."""
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    (tree.get("global") or {}).pop("http_config", None)
    copy = folder / "theirs.yml"
    copy.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return copy


def asked(configuration, labels, name):
    amtool = programs.find("amtool").path
    pairs = [f"{label}={value}" for label, value in labels.items() if value]
    command = [amtool, "config", "routes", "test", f"--config.file={configuration}", *pairs]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return told(set(printed.split("\n")[0].split(",")), name)
