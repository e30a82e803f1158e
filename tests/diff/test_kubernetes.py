"""`alertc diff` of policies whose files are objects of Kubernetes or values of Helm, and of folders that hold such."""

import pytest

from tests.cluster import JOBS, SECRETS, objects
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


VALUES = CLUSTER.replace("targets: [kubernetes]", "targets: [helm]")
MADE = "what the chart makes of helm/values.yaml"
OBJECT = "the Secret monitoring/alertmanager-main (`configSecret`; of the chart, with `useExistingSecret`)"


def replaced(new, old):
    return (
        f"  let Alertmanager read {new} in place of {old}, and only then take that away; without one of them nobody is "
        "paged\n"
    )


OTHER_KEYS = (
    "  first make the Secret am-keys with its keys, name it in `secrets` of the Alertmanager, and wait until its pods "
    "have it: am-keys/halt-token, am-keys/heartbeat-token, am-keys/pagerduty-web-P0, am-keys/pagerduty-web-P1, "
    "am-keys/pagerduty-web-P2, am-keys/slack-url and 1 more\n"
)


def changed(*edit):
    return edited(CLUSTER, edit)


CHANGES = {
    "namespace": (
        changed("namespace: monitoring,", "namespace: observability,"),
        OTHERS
        + "  Alertmanager reads Secrets of its own namespace: move it to observability, with its Secrets of keys, and "
        + "only then delete monitoring/alertmanager-main; without it nobody is paged\n"
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
        edited(SMALL.replace(SECRETS, f"{SECRETS}/alertmanager-keys"), ("\nwatch:\n", f"\nwatch:\n{JOBS}")),
        OTHERS
        + replaced("the file alertmanager.yml", OBJECT)
        + f"  an apply leaves what is no longer written; delete it, or let it be pruned: {LEFT}2 more\n"
        + "  load Alertmanager, then Prometheus; back: the files of old.yaml, Prometheus, then Alertmanager\n",
    ),
    "values": (
        VALUES,
        OTHERS
        + replaced(MADE, OBJECT)
        + f"  an apply leaves what is no longer written; delete it, or let it be pruned: {LEFT}2 more\n"
        + "  load helm/values.yaml, which brings Alertmanager and Prometheus theirs at once; "
        + "back: the files of old.yaml\n",
    ),
    "one more target": (
        CLUSTER.replace("[kubernetes]", "[kubernetes, helm]"),
        "  helm/ is new and holds the same: with both applied, each rule is loaded twice\n",
    ),
    "one more label": (changed("role: alert-rules", "role: alert-rules, tier: gold"), ONLY_RULES),
    "another Secret of keys": (
        CLUSTER.replace("alertmanager-keys", "am-keys"),
        OTHER_KEYS + ONLY_ROUTES,
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


def test_objects_in_place_of_values_are_read_first(tmp_path):
    assert last(diff(tmp_path, VALUES, CLUSTER)) == OTHERS + replaced(OBJECT, MADE) + BOTH
    both = CLUSTER.replace("[kubernetes]", "[kubernetes, helm]")
    assert last(diff(tmp_path, both, CLUSTER)) == (
        "  helm/ is no longer written: where it is what is applied, apply the other first\n"
    )


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
    back = alertc(project, "diff", "policy/shop.yaml", "--to", "./out")
    assert (back.returncode, "an apply leaves" in back.stdout) == (0, False)
    (project / "policy/shop.yaml").write_text(
        edited(policy, ("notify: [room]", "notify: [page, room]")), encoding="utf-8"
    )
    assert "tells the on-call of" in alertc(project, "diff", "./out").stdout
