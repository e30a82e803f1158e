"""A drill of objects: unpacked as the Prometheus operator mounts them, on real servers."""

import pytest

from generator.targets.render import packaged_templates
from tests.cluster import SECRETS
from tests.projects import alertc, change

pytestmark = [pytest.mark.network, pytest.mark.realtime]


@pytest.fixture
def cluster(project):
    """A project whose policy writes objects alone."""
    change(
        project,
        ("\nstack:\n", "\ntargets: [kubernetes]\nstack:\n  kubernetes: {namespace: monitoring}\n"),
        (SECRETS, f"{SECRETS}/alertmanager-keys"),
    )
    return project


def drill(project):
    return alertc(project, "drill", "ErrorsHigh", "--scale", "30")


def test_what_the_operator_would_mount_keeps_its_promise(cluster):
    drilled = drill(cluster)
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    assert "everything came inside its prediction, and nobody else was told." in drilled.stdout


def test_templates_that_are_not_found_lose_every_message(cluster):
    """Alertmanager loads the Secret, and amtool says SUCCESS of it; what is told is seen here alone, and by `check`."""
    own = cluster / "templates/kubernetes/secret.yaml.j2"
    own.parent.mkdir(parents=True)
    packaged = (packaged_templates() / "kubernetes/secret.yaml.j2").read_text(encoding="utf-8")
    relative = 'text | replace("/etc/alertmanager/config/", "templates/") | literal(4)'
    assert packaged.count("text | literal(4)") == 1
    own.write_text(packaged.replace("text | literal(4)", relative), encoding="utf-8")
    drilled = drill(cluster)
    assert drilled.returncode == 1, drilled.stdout
    assert "error[DRL801]: ErrorsHigh, a P2 of shop: room was not told within" in drilled.stderr
    assert 'template "alertc.room.title" not defined' in drilled.stderr
    assert "::: out/kubernetes/alertmanager/secret.yaml:" in drilled.stderr
    checked = alertc(cluster, "check")
    assert checked.returncode == 1
    assert "error[KUB603]: " in checked.stderr
