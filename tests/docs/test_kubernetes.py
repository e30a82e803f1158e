"""The page about Kubernetes is true as far as there is no cluster: its sessions print what it shows, its objects fit."""

import re

import yaml

from generator.behaviour.documents import ALERTMANAGER
from tests.compiling import ROOT
from tests.projects import alertc
from tests.sessions import SESSION, play

PAGE = (ROOT / "docs/kubernetes.md").read_text(encoding="utf-8")
SESSIONS = SESSION.findall(PAGE)
OBJECTS = [tree for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) for tree in yaml.safe_load_all(text)]


def test_the_sessions_print_what_the_page_shows(tmp_path):
    for session in SESSIONS:
        play(session, tmp_path)


def test_the_objects_of_the_operator_are_what_the_first_policy_says(tmp_path):
    assert alertc(tmp_path, "init").returncode == 0
    stack = yaml.safe_load((tmp_path / "policy/policy.yaml").read_text(encoding="utf-8"))["stack"]
    prometheus, alertmanager = (tree["spec"] for tree in OBJECTS if tree.get("kind") in ("Prometheus", "Alertmanager"))
    said = {"replicas": 1, "scrape": "15s", "scrape_timeout": "10s", "evaluate": "15s", "retention": "30d"}
    assert {key: stack["prometheus"][key] for key in said} == said
    names = ("replicas", "scrapeInterval", "scrapeTimeout", "evaluationInterval", "retention")
    assert tuple(prometheus[name] for name in names) == tuple(said.values())
    assert alertmanager["replicas"] == stack["alertmanager"]["peers"]
    assert alertmanager["secrets"] == ["alertmanager-keys"]
    (values,) = (tree["prometheus"] for tree in OBJECTS if "prometheus" in tree)
    assert values["prometheusSpec"] == {name: prometheus[name] for name in names}


def test_the_folders_that_are_applied_are_written(tmp_path):
    play(SESSIONS[0], tmp_path)
    paths = [tree["spec"]["path"] for tree in OBJECTS if "path" in tree.get("spec", {})]
    paths += [tree["spec"]["source"]["path"] for tree in OBJECTS if "source" in tree.get("spec", {})]
    paths += re.findall(r"kubectl apply .*-k (\S+)", PAGE)
    assert len(paths) == 4
    assert all((tmp_path / path / "kustomization.yaml").is_file() for path in paths)
    assert not (tmp_path / "out" / ALERTMANAGER).exists()


def test_each_code_that_the_page_names_is_one():
    from generator.commands import codes

    named = set(re.findall(r"\b[A-Z]{3}[0-9]{3}\b", PAGE))
    assert {name for name in codes.files() if name.startswith("KUB6")} <= named
    assert named <= codes.files().keys()
