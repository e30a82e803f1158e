"""What `source`, `yaml_faults` and whatever reads the policy file refuse: its codes."""

from __future__ import annotations

from generator.diagnostics.code import Code

SRC101 = Code(
    name="SRC101",
    title="Cannot read the policy",
    meaning="The file does not exist, or you may not read it. Check its path and permissions.",
)

SRC102 = Code(
    name="SRC102",
    title="Policy file is too large",
    meaning="No policy that people maintain is this large. Check that it is the right file.",
)

SRC103 = Code(
    name="SRC103",
    title="Policy is not UTF-8",
    meaning="Save the file as UTF-8.",
)

SRC104 = Code(
    name="SRC104",
    title="Control character in the policy",
    meaning="The file contains a control character, which no text needs. Remove it.",
)

SRC105 = Code(
    name="SRC105",
    title="YAML syntax error",
    meaning="The file is not valid YAML. Correct it at the place that is shown.",
)

SRC106 = Code(
    name="SRC106",
    title="Tab used for indentation",
    meaning="YAML is indented with spaces. Replace the tab.",
)

SRC107 = Code(
    name="SRC107",
    title="Policy is empty",
    meaning="A policy begins with `version: 1`; `alertc init` writes a small one to start from.",
)

SRC108 = Code(
    name="SRC108",
    title="Policy is not a mapping",
    meaning="A policy is a mapping of keys, not a list or a text. Begin with `version: 1`.",
)

SRC109 = Code(
    name="SRC109",
    title="More than one YAML document",
    meaning="A policy is one YAML document. Remove the `---`, and move what follows to a file of its own.",
)

SRC110 = Code(
    name="SRC110",
    title="Duplicate key",
    meaning="Most YAML parsers silently keep one of the two values. Remove or rename one of the keys.",
)

SRC111 = Code(
    name="SRC111",
    title="Key is not text",
    meaning="Every key of a policy is a plain name. Write a name before the `:`, and quote a value that begins "
    "with `{{`.",
)

SRC112 = Code(
    name="SRC112",
    title="YAML anchors, aliases and merges are not supported",
    meaning="A policy is plain YAML: mappings, lists and text. Write the value out, or use `each` for many services.",
)

SRC113 = Code(
    name="SRC113",
    title="YAML tags are not supported",
    meaning="A policy is plain YAML: mappings, lists and text. Remove the `!` and the word after it, or quote "
    "the text.",
)

SRC114 = Code(
    name="SRC114",
    title="Nested too deeply",
    meaning="No entry of a policy is nested this deeply. Check the indentation and the brackets.",
)

SRC115 = Code(
    name="SRC115",
    title="Value is too long",
    meaning="No value of a policy is this long. Look for a quote that is not closed.",
)

SRC118 = Code(
    name="SRC118",
    title="Policy is a link out of the repository",
    meaning="A link may come with a pull request whose author may not read what it points to. Put the policy "
    "itself into the repository, or name the file that the link points to.",
)

SRC119 = Code(
    name="SRC119",
    title="Included file does not exist",
    meaning="`include` names files relative to the policy, with `*` for any part of a name. There is none. Correct the "
    "path, or remove the entry.",
)

SRC120 = Code(
    name="SRC120",
    title="Included file lies outside of the repository",
    meaning="All parts of a policy come from one repository, so that a change of it is a change in it. Move the file "
    "there, or remove the entry.",
)

SRC121 = Code(
    name="SRC121",
    title="Entry in two files of the policy",
    meaning="A policy and the files that it includes are one policy, in which each name stands once. Remove one of the "
    "entries, or give it another name.",
)

SRC122 = Code(
    name="SRC122",
    title="Included file includes others",
    meaning="The policy itself names all of its parts, so that one look at it tells which there are. Move the entry "
    "there.",
)

SRC124 = Code(
    name="SRC124",
    title="File of owners does not exist",
    meaning="`owners/from` names files relative to the one that says so, with `*` for any part of a name. There is "
    "none. Correct the path, or remove the entry.",
)

SRC125 = Code(
    name="SRC125",
    title="File of owners is outside of the repository",
    meaning="Who is paged depends on these files, so that a change of them must be a change of the repository. Put the "
    "file there, or remove the entry.",
)

SRC126 = Code(
    name="SRC126",
    title="File of owners cannot be read",
    meaning="`owners/from` names catalogues of Backstage (YAML, whose entities say `apiVersion: backstage.io/...`) and "
    "files called CODEOWNERS, in UTF-8.",
)
