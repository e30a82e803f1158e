"""The codes of what `compare` finds in a drill."""

from __future__ import annotations

from generator.diagnostics.code import Code

DRL801 = Code(
    name="DRL801",
    title="Drill: somebody was not notified",
    meaning="In a drill on the real programs somebody whom the policy names was never notified.",
)

DRL802 = Code(
    name="DRL802",
    title="Drill: notification was late",
    meaning="In a drill on the real programs somebody was notified later than the sum allows.",
)

DRL803 = Code(
    name="DRL803",
    title="Drill: somebody else was notified",
    meaning="In a drill on the real programs somebody was notified whom the policy does not name.",
)

DRL804 = Code(
    name="DRL804",
    title="Drill: message was empty",
    meaning="In a drill on the real programs a message had nothing to read in it.",
)

DRL805 = Code(
    name="DRL805",
    title="Drill: public message shows internal data",
    meaning="In a drill on the real programs a public message said more than the `public` text.",
)

DRL806 = Code(
    name="DRL806",
    title="Drill: containment came after the page",
    meaning="In a drill on the real programs the webhook that acts at once was not called first.",
)

DRL807 = Code(
    name="DRL807",
    title="Drill: notification despite a silence",
    meaning="In a drill on the real programs somebody was notified who should have heard nothing.",
)

DRL808 = Code(
    name="DRL808",
    title="Drill: SLA was missed",
    meaning="In a drill on the real programs the last person paged acknowledged after `acknowledge` was over.",
)

DRL809 = Code(
    name="DRL809",
    title="Drill: no Alertmanager is left",
    meaning="The drill stops an Alertmanager, and the policy has no other one to take its place.",
)
