"""The codes of `generator.policy.owner_files`."""

from generator.diagnostics.code import Code

POL279 = Code(
    name="POL279",
    title="File of owners says nothing that can be read",
    meaning="`owners/from` names a catalogue of Backstage or a CODEOWNERS file. Either it says of no value of the "
    "label whose it is (correct `value` or `folder`), or a pattern in it means several folders at once: write that one "
    "under `owners/map`.",
)

POL287 = Code(
    name="POL287",
    title="Owner in a file is no team of the policy",
    meaning="A file that `owners/from` names gives something to a team that the policy does not know, or that has no "
    "service, so nobody can tell who is paged. Give it a team and a service, or say under `owners/as` which service "
    "is meant.",
)

POL289 = Code(
    name="POL289",
    title="Owner in a file may be several services",
    meaning="A file that `owners/from` names gives something to a team with several services, none of which is called "
    "as what is owned, or to several teams. Say under `owners/as` which service is meant.",
)

POL298 = Code(
    name="POL298",
    title="Files give one value two owners",
    meaning="Two entries of the files that `owners/from` names speak of one value of the label, and give it to "
    "different services. Who is paged must not depend on their order. Correct one of them, or say under `owners/map` "
    "whose the value is, which goes before the files.",
)

POL299 = Code(
    name="POL299",
    title="Owner in a file is nobody",
    meaning="A file that `owners/from` names gives something to nobody, so that it belongs to `otherwise`, or to a "
    "team without members. Whoever reads that file believes that somebody is responsible. Name an owner, or members.",
)
