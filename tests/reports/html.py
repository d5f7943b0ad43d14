"""What the tests ask of a page, with the standard library's parser: structure, ids, links, text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import unquote

VOID = frozenset({"meta", "link", "br", "input", "path", "circle", "use", "rect", "hr", "img"})


@dataclass
class Page:
    """What was found in a page."""

    ids: list[str] = field(default_factory=list)
    hrefs: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What a reader sees, styles and scripts left out."""
        return "".join(self.pieces)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this name."""
        return [attributes for name, attributes in self.tags if name == tag]

    def dangling(self) -> list[str]:
        """Links to places that are not in the page."""
        return [one for one in self.hrefs if one.startswith("#") and unquote(one[1:]) not in self.ids]


class _Parser(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if len(values) != len(attrs):
            self.page.problems.append(f"an attribute twice in <{tag}>")
        self.page.tags.append((tag, values))
        if identity := values.get("id"):
            self.page.ids.append(identity)
        for name in ("href", "src", "action", "srcset", "poster", "data"):
            if (value := values.get(name)) is not None:
                self.page.hrefs.append(value)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.page.problems.append(f"<{tag}/> closes nothing")
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.page.problems.append(f"</{tag}> inside {self.open[-3:]} at {self.getpos()}")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.page.pieces.append(data)

    def handle_decl(self, decl: str) -> None:
        self.page.declared.append(decl)


def parse(text: str) -> Page:
    """The page; its `problems` say what is not balanced."""
    page = Page()
    parser = _Parser(page)
    parser.feed(text)
    parser.close()
    page.problems += [f"<{tag}> is never closed" for tag in parser.open]
    return page
