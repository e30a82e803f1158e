"""What the readers of files that others wrote find fault with: their codes."""

from __future__ import annotations

from generator.diagnostics.code import Code

AUD901 = Code(
    name="AUD901",
    title="File cannot be read",
    meaning="The file does not exist, you may not read it, it is too large, or it is not text in UTF-8. What it holds "
    "is not part of the audit.",
)

AUD902 = Code(
    name="AUD902",
    title="Invalid YAML in a file of rules or routes",
    meaning="Prometheus and Alertmanager do not load the file either. Correct it at the place that is shown.",
)

AUD903 = Code(
    name="AUD903",
    title="Template instead of rules or routes",
    meaning="The file holds instructions for a program that writes rules or routes. What that program writes can be "
    "audited: render the file, and name the result, or `-` for what a pipe brings.",
)

AUD904 = Code(
    name="AUD904",
    title="No rules",
    meaning="A file that was named for its rules holds none, or no file at all does. Name rule files, folders with "
    "them, or Kubernetes objects such as PrometheusRule.",
)

AUD905 = Code(
    name="AUD905",
    title="Rule cannot be read",
    meaning="Prometheus refuses the whole file for such a rule. The other rules of the file are audited.",
)

AUD906 = Code(
    name="AUD906",
    title="Prometheus reads only the first document of the file",
    meaning="Of a rule file with several YAML documents Prometheus loads the first and says nothing of the others. "
    "Move them to files of their own. In manifests for Kubernetes several documents are usual.",
)

AUD907 = Code(
    name="AUD907",
    title="Alertmanager configuration cannot be read",
    meaning="Alertmanager does not load it either, or it is not a configuration of Alertmanager.",
)

AUD908 = Code(
    name="AUD908",
    title="Meaning of the configuration is not certain",
    meaning="Versions or machines read the entry in different ways, or alertc does not know how it is read. The audit "
    "takes the meaning that is named; write the entry so that it has only one.",
)

AUD929 = Code(
    name="AUD929",
    title="Message templates are not found",
    meaning="A Secret or a ConfigMap is mounted without folders, so a relative path with a folder in `templates` "
    "matches nothing. amtool and Alertmanager say nothing of it; each message that uses a template is lost.",
)

AUD909 = Code(
    name="AUD909",
    title="AlertmanagerConfig that the operator ignores",
    meaning="The Prometheus operator leaves such an object out of the configuration, and says so only in its events.",
)
