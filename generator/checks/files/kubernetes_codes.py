"""The codes of what is wrong with objects of Kubernetes and values of Helm."""

from generator.diagnostics.code import Code

KUB601 = Code(
    name="KUB601",
    title="Object cannot be read",
    meaning="An object of Kubernetes is not YAML, or not laid out as alertc reads it back: `spec` is a block that is "
    "indented by two spaces. Compare your template with the packaged one.",
)

KUB602 = Code(
    name="KUB602",
    title="Object holds something else than what was proven",
    meaning="Taken out as the Prometheus operator mounts it, an object differs from the rules or the configuration "
    "that alertc has proven, or it is missing. Compare your template with the packaged one.",
)

KUB603 = Code(
    name="KUB603",
    title="Alertmanager would find no message template",
    meaning="The operator mounts the keys of the Secret as files in /etc/alertmanager/config/, without sub-folders, "
    "and Alertmanager loads its configuration from another folder: a relative path in `templates` matches nothing. It "
    "starts all the same, and then each page and each message fails.",
)

KUB604 = Code(
    name="KUB604",
    title="No mounted Secret has this file",
    meaning="The operator mounts a Secret that `spec.secrets` of the Alertmanager names at "
    "/etc/alertmanager/secrets/NAME, each key as one file. Set `stack.alertmanager.secrets` to that folder.",
)

KUB605 = Code(
    name="KUB605",
    title="Object is too large",
    meaning="The API server takes no Secret of more than 1 MiB, and the operator no PrometheusRule whose rules are "
    "longer than 512 KiB. Use the target `files`, or divide the policy.",
)

KUB606 = Code(
    name="KUB606",
    title="Configuration would be changed on its way",
    meaning="The operator's reloader replaces `$(NAME)` in Alertmanager's configuration where its container has a "
    "variable of that name. Write the text in another way.",
)

KUB607 = Code(
    name="KUB607",
    title="Two objects have one name",
    meaning="The one that is applied last replaces the other, and the alerts of the first are gone. Names are made of "
    "those of services and severities, in small letters. The chart cuts names behind 63 characters.",
)

KUB608 = Code(
    name="KUB608",
    title="The operator would not take the object",
    meaning="Name, namespace and labels of an object decide whether the operator takes it. They follow from "
    "`stack.kubernetes` of the policy. Some annotations make kustomize, Argo CD or Flux leave an object out, or "
    "delete it at each sync. Compare your template with the packaged one.",
)
