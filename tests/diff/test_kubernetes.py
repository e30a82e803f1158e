"""`alertc diff` of policies whose files are objects of Kubernetes or values of Helm, and of folders that hold such."""

import pytest

from tests.cluster import SECRETS, objects
from tests.compiling import SMALL, edited
from tests.environments import DIFFERING
from tests.projects import alertc

EDIT = (
    ("    for: 30s\n", "    for: 40s\n")
    if SMALL.count("    for: 30s\n") == 1
    else ("answer_in: 1m\n", "answer_in: 50s\n")
)


def diff(folder, old, new):
    (folder / "old.yaml").write_text(old, encoding="utf-8")
    (folder / "new.yaml").write_text(new, encoding="utf-8")
    said = alertc(folder, "diff", "old.yaml", "--to", "new.yaml")
    assert said.returncode == 0, said.stderr
    return said.stdout


def last(text):
    return text.partition("When it is loaded:\n")[2]


CLUSTER = objects(SMALL, "kubernetes")


def test_what_is_applied_is_said_with_its_folder(tmp_path):
    faster = edited(
        CLUSTER, ("expr: max by (till) (abs(till_difference)) > 0", "expr: max by (till) (till_difference) > 0")
    )
    assert last(diff(tmp_path, CLUSTER, faster)) == (
        "  only Prometheus (kubernetes/rules) has new files; back: the files of old.yaml\n"
    )
    values = faster.replace("targets: [kubernetes]", "targets: [helm]")
    same = CLUSTER.replace("targets: [kubernetes]", "targets: [helm]")
    assert last(diff(tmp_path, same, values)) == (
        "  only Prometheus (helm/values.yaml) has new files; back: the files of old.yaml\n"
    )


LEFT = (
    "PrometheusRule monitoring/shop-alerting, PrometheusRule monitoring/shop-shop, "
    "PrometheusRule monitoring/shop.deadlines-p0, PrometheusRule monitoring/shop.deadlines-p1, "
    "PrometheusRule monitoring/shop.deadlines-p2, PrometheusRule monitoring/shop.deadlines-p3 and "
)
OTHERS = (
    "  to Prometheus each alert is another one, since its file has another name: what fires ends within 5m and fires "
    "anew after its `for`\n"
)
BOTH = (
    "  load Alertmanager (kubernetes/alertmanager), then Prometheus (kubernetes/rules); back: the files of old.yaml, "
    "Prometheus, then Alertmanager\n"
)


SELECTED = (
    "  first let `ruleSelector` of the Prometheus object select the new labels beside the old, or these alerts are "
    "gone meanwhile: role: alert-rules -> others\n"
)
ONLY_ROUTES = "  only Alertmanager (kubernetes/alertmanager) has new files; back: the files of old.yaml\n"
ONLY_RULES = "  only Prometheus (kubernetes/rules) has new files; back: the files of old.yaml\n"


def secret(name):
    return (
        f"  the Alertmanager object must read the Secret {name}: apply that, change `configSecret`, and only then "
        "delete monitoring/alertmanager-main; without it nobody is paged\n"
    )


def changed(*edit):
    return edited(CLUSTER, edit)


CHANGES = {
    "namespace": (
        changed("namespace: monitoring,", "namespace: observability,"),
        OTHERS
        + secret("observability/alertmanager-main")
        + f"  an apply leaves what is no longer written; delete it, or let it be pruned: {LEFT}2 more\n"
        + BOTH,
    ),
    "secret": (
        changed("namespace: monitoring,", "namespace: monitoring, config_secret: routes,"),
        secret("monitoring/routes") + ONLY_ROUTES,
    ),
    "labels": (
        changed("role: alert-rules", "role: others"),
        SELECTED + ONLY_RULES,
    ),
    "files": (
        SMALL.replace(SECRETS, f"{SECRETS}/alertmanager-keys"),
        OTHERS
        + "  an apply leaves what is no longer written; delete it, or let it be pruned: "
        + f"Secret monitoring/alertmanager-main, {LEFT.rpartition(', ')[0]} and 3 more\n"
        + "  only Prometheus has new files; back: the files of old.yaml\n",
    ),
    "environments": (
        objects(DIFFERING, "kubernetes"),
        "  apply kubernetes/production/rules and kubernetes/staging/rules in place of kubernetes/rules\n",
    ),
    "keys": (
        changed(
            "channels:\n", 'channels:\n  web-room: {slack: "#web", url_file: slack-web, audience: internal}\n'
        ).replace("members: [ana, bo]}", "members: [ana, bo], notify: [web-room]}"),
        "  put new keys into the mounted Secret first: alertmanager-keys/slack-web\n",
    ),
    "key of the mail server": (
        changed(
            f"{SECRETS}/alertmanager-keys}}",
            f"{SECRETS}/alertmanager-keys, smtp: {{smarthost: mail.shop.example:25, from: a@shop.example, "
            "username: a, password_file: mail}}",
        ),
        f"  put new keys into the mounted Secret first: alertmanager-keys/mail\n{ONLY_ROUTES}",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_else_is_to_be_done_in_a_cluster_is_said(tmp_path, name):
    new, expected = CHANGES[name]
    said = last(diff(tmp_path, CLUSTER, new))
    assert expected in said if name in ("environments", "keys") else said == expected


def test_the_same_keys_in_another_folder_page_nobody_again(tmp_path):
    said = diff(tmp_path, SMALL, SMALL.replace(SECRETS, "/etc/keys"))
    assert "pages again" not in said
    assert last(said).endswith("  only Alertmanager has new files; back: the files of old.yaml\n")


@pytest.mark.parametrize("targets", ["kubernetes", "helm", "files, kubernetes, helm"])
def test_a_folder_of_generated_files_is_read_whatever_form_they_have(project, targets):
    policy = objects(SMALL, targets)
    (project / "policy/shop.yaml").write_text(policy, encoding="utf-8")
    assert alertc(project, "render").returncode == 0
    same = alertc(project, "diff", "./out")
    assert (same.returncode, same.stdout.splitlines()[0]) == (0, "out -> the working tree: no change in who is paged")
    (project / "policy/shop.yaml").write_text(
        edited(policy, ("notify: [room]", "notify: [page, room]")), encoding="utf-8"
    )
    assert "tells the on-call of" in alertc(project, "diff", "./out").stdout
