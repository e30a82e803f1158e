"""What is known of a kind of integration; the kinds themselves are in `integrations`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A setting with text for people, by its path; its default in Alertmanager names labels or addresses."""

    way: tuple[str, ...]
    html: bool = False
    """Whether Alertmanager escapes its values as HTML."""
    html_by: str = ""
    """The setting that turns that off where it is something else than `HTML`."""
    needed: str | None = None
    """Why it must not be empty ("" where that is obvious); None: it may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file with a secret, as a channel of the policy names it."""

    key: str
    """Its key in the channel: `token_file`."""
    way: tuple[str, ...]
    """The setting that it becomes, by its path."""
    usual: str | None = None
    """The default where neither the channel nor the stack names one; None: it is not read."""
    place: bool = False
    """Whether what it holds leads to one place, whatever else is written; that of a needed one does."""
    needed: bool = False
    """Whether the channel must name it, since it alone says who is told."""
    given: str = ""
    """It is this setting only where the channel writes this option."""
    unless: str = ""
    """It is this setting only where the channel does not write this option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What else a channel of the policy says of its place, and what is no secret."""

    key: str
    """Its key in the channel: `issue_type`."""
    way: tuple[str, ...]
    """The setting that it becomes, by its path."""
    usual: str | None = None
    """The default where the channel does not write it."""
    needed: bool = False
    """Whether the channel must write it."""


Word = Literal[
    "address",
    "resolved",
    "file",
    "server",
    "option",
    "region",
    "title",
    "text",
    "both",
    "link",
    "color",
    "rule",
    "nothing",
    "calm",
]
"""What a setting says: the channel's address, whether the end is told, the path of a file, the server, a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A setting that is written for a channel of the policy."""

    way: tuple[str, ...]
    says: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """How a drill plays the server that receives the messages.

    Paths lead into the JSON of a message, `*` to each item of a list.
    """

    address: str
    """The setting that is replaced by the drill's address."""
    mark: tuple[str, ...] = ()
    """The setting that carries the drill's mark; empty: the message carries the alerts themselves."""
    carried: tuple[str, ...]
    """The path of the mark, or of the alerts, in the message."""
    read: tuple[tuple[str, ...], ...]
    """The paths of the texts that a person reads; of a mapping its `title` and its `value`."""
    drops: tuple[str, ...] = ()
    """The settings to remove, which would send the message elsewhere."""
    status: int = 200
    answer: str = '{"status": "success"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of integration; `name` is `slack` for the entries of `slack_configs`."""

    name: str
    title: str
    """What people call it, with `{}` for its address."""
    address: tuple[str, ...]
    """The settings that say where it sends; the first one that is set counts."""
    secrets: tuple[str, ...] = ()
    """The settings that name a file with a secret."""
    resolved: bool | None
    """The default of `send_resolved`; None: not known."""
    since: tuple[int, ...]
    """The first version that was tried and loads it (`features.GENERATIONS`; Debian's 0.28 has no Jira)."""
    example: str = ""
    """The smallest valid entry."""
    texts: tuple[Text, ...] = ()
    public: bool
    """Whether its messages hold nothing but its texts, so that a draft for the public may go there."""
    pages: bool = False
    """Whether it is PagerDuty, which pages people step by step."""
    closes: bool = False
    """Whether it has incidents, which the end of their alerts closes when it is told there."""
    program: bool = False
    """Whether it calls an address at which a program reads all labels and annotations."""
    mail: bool = False
    """Whether it needs a mail server."""
    channel: bool = False
    """Whether its address is a name that people know, such as `#incident-active`."""
    files: tuple[File, ...] = ()
    """The files with secrets that a channel of the policy may name."""
    options: tuple[Option, ...] = ()
    """What else such a channel says."""
    server: str | None = None
    """The setting that names the server, where people may have one of their own: a channel's `server`."""
    server_needed: bool = False
    """Whether a channel must name its server, since there is none of everybody."""
    number: bool = False
    """Whether its address is a number."""
    writes: tuple[Written, ...] = ()
    """The settings that are written for a channel of the policy, in order; empty: the policy has no such channel."""
    secret_in: tuple[str, ...] = ()
    """How addresses begin, behind `https://`, that are secrets themselves; `*.` is any name."""
    redirects: tuple[str, ...] = ()
    """The settings that lead to another server than `servers`, though the address is the same."""
    global_redirects: tuple[str, ...] = ()
    """The same of the `global` settings."""
    servers: tuple[str, ...] = ()
    """Its own servers, which may be named."""
    as_yaml: tuple[str, ...] = ()
    """The settings whose texts Alertmanager reads as YAML after it has rendered them (`rendered_twice`)."""
    unset: tuple[tuple[tuple[str, ...], str], ...] = ()
    """What it says where a setting is not there, by its path: only what grows with the alerts."""
    most: int | None = None
    """The characters of the longest message that arrives; None: not known, or Alertmanager cuts what is longer."""
    too_long: str = ""
    """What becomes of a longer message."""
    played: Played | None = None
    """How a drill plays its server; None: it cannot."""

    @property
    def plain(self) -> str:
        """What people call it without its address: `Slack`."""
        return self.title.partition("{}")[0].removeprefix("the ").rstrip(" (").removesuffix(" to")

    @property
    def named_only(self) -> bool:
        """Whether the policy's word for a channel is a name for people, since the address is in a file."""
        return self.address[0] in self.secrets

    def says(self, settings: Mapping[str, Any]) -> str:
        """Return what people call an integration with these settings: `Slack #incident-active`."""
        return self.called(next((str(settings[key]) for key in self.address if settings.get(key)), ""))

    def called(self, address: str) -> str:
        """Return what people call an integration with this address."""
        return self.title.format(address).strip()
