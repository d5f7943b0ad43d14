"""The parts of a report by themselves: text, marks, names, the catalogue, Markdown, colours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import catalogue
from harness.results.finding import Finding
from harness.results.read import read
from harness.vocabulary import Level, Verdict
from reports import markdown
from reports.marks import marks
from reports.names import Slugs
from reports.text import hex_dump, shorten, split_difference, visible
from tests.reports import factory as made
from tests.reports import matrices as cells

STYLE = (Path(markdown.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("a\x00b\x1bc\x7f", r"a\x00b\x1bc\x7f"),
        ("\x85", r"\x85"),
        ("\ud800", r"\ud800"),
        ("\udcff", r"\xff"),
        ("\u202e", r"\u202e"),
        ("\r\n", "\\x0d\n"),
        ("é ✓ 漢", "é ✓ 漢"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_hex_dump() -> None:
    assert hex_dump(b"<?xml ve\x00\xff") == (
        "0000  3c 3f 78 6d 6c 20 76 65  <?xml ve\n0008  00 ff                    .."
    )


def test_the_first_difference_is_found() -> None:
    assert split_difference('"0x8DDA11111"', '"0x8DDA12222"') == ('"0x8DDA1', '2222"')
    assert split_difference("400", "201") == ("201", "")
    assert shorten("x" * 200, 100) == "x" * 100 + "… (100 more characters)"


def finding(about: str, observed: str = "absent", **more: object) -> Finding:
    values = {"level": Level.REQUIRED, "verdict": Verdict.DIFFERS, "expected": "present"}
    return Finding(**{**values, "about": about, "observed": observed, **more})  # type: ignore[arg-type]


HEADERS = (("ETag", '"1"'), ("Date", "now"), ("x-ms-error-code", "Other"))


def test_marks_point_at_what_a_finding_is_about() -> None:
    assert marks([finding("status", "201")], HEADERS).line
    assert marks([finding("header x-ms-error-code", "Other")], HEADERS).present == {"x-ms-error-code"}
    assert marks([finding("header Content-MD5")], HEADERS).absent == ("Content-MD5",)
    assert marks([finding("xml EnumerationResults/Blobs", "[]")], HEADERS).body
    assert marks([finding("error Code", "Other")], HEADERS).body
    part = marks([finding("part 0 status", "404")], HEADERS)
    assert part.body
    assert not part.line


def test_marks_of_wire_rules_come_from_their_sentences() -> None:
    rule = finding("Put Blob: put-blob-md5", rule="put-blob-md5", why="Put Blob answers with Content-MD5.")
    assert marks([rule], HEADERS).absent == ("Content-MD5",)
    both = finding("Put Blob: validators", "no single Last-Modified", rule="validators", why="ETag and both")
    assert marks([both], HEADERS).absent == ("Last-Modified",)
    assert not marks([both], HEADERS).present
    extra = finding("Delete Blob: no-validators", "ETag", rule="no-validators", expected="neither")
    assert marks([extra], HEADERS).present == {"etag"}
    status = finding("Put Blob: success-status", "200", rule="success-status")
    assert marks([status], HEADERS).line


def test_slugs_are_safe_and_never_given_twice() -> None:
    slugs = Slugs()
    assert slugs.take("put-blob/a[size=1,tier=Hot]") == "put-blob/a-size=1,tier=Hot"
    assert slugs.take('"><script>') == "script"
    assert slugs.take("<script>") == "script-2"
    assert slugs.take("漢") == "x"


def test_the_catalogue_falls_back_to_what_it_knows(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text("rest: {title: REST}\n")
    known = catalogue.load(tmp_path)
    assert known.source("rest/put-blob").title == "REST"
    assert known.source("nobody/1").title == ""
    assert known.requirement("nobody").says == ""
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "a.yaml").write_text("a: [")
    with pytest.raises(catalogue.CatalogueError, match=r"requirements/a\.yaml"):
        catalogue.load(tmp_path)


def test_markdown_says_the_two_numbers_and_what_is_not_a_pass(tmp_path: Path) -> None:
    lines = [
        made.case("put-blob/a"),
        made.case("put-blob/b", Verdict.DIFFERS, reason="step 2, status: expected 400, got 201"),
        made.case("put-blob/c", Verdict.UNSUPPORTED, reason="501 | <script>`x`\n@all"),
    ]
    text = markdown.summary(read(made.write(tmp_path / "run", lines, items=10)))
    assert "### Blobproof: reference\n" in text
    assert "**Gate mvp not met.**\n\n- mvp&#58; divergence 1 of 2, coverage 2 of 10" in text
    assert "| cases | 1 | 3 | 1 differs, 1 unsupported |" in text
    assert "<code>blobproof run reference --case put-blob/b</code>" in text
    assert "<details><summary>2 checks not passed</summary>" in text
    assert text.index("put-blob/b</code>") < text.index("put-blob/c</code>")
    assert "<script>" not in text
    assert all(line.count("|") == 5 for line in text.splitlines() if line.startswith("| unsupported"))


def test_markdown_of_a_cut_off_run_says_so(tmp_path: Path) -> None:
    run = made.write(tmp_path / "run", [made.case("a/b")], selection=["a/b", "a/c"], footer=False)
    assert "**Partial run**: it was cut off, and 1 check has no record." in markdown.summary(read(run))


def test_markdown_names_no_more_than_a_reader_takes_in(tmp_path: Path) -> None:
    lines = [made.case(f"a/b{number}", Verdict.NOT_RUN, reason="no azcopy") for number in range(80)]
    assert "and 30 more" in markdown.summary(read(made.write(tmp_path / "run", lines)))


def test_markdown_counts_by_suite_and_names_cells_that_failed_alike_once(tmp_path: Path) -> None:
    lines = [made.case("put-blob/a"), *cells.transfers(failing=30), *cells.safety()]
    text = markdown.summary(read(made.write(tmp_path / "run", lines)))
    assert "| azcopy | 10 | 40 | 30 differs |" in text
    assert "| safety | 56 | 60 | 4 not-applicable |" in text
    assert text.count("| differs |") == 1
    assert "and 29 cells like it" in text
    assert "| boostedblob 1.1.0 | **2** flipped-byte, short-body |  | 4 | 13 | 1 |" in text
    assert "| azcopy 10.32.2 |  | **4** stall |" in text


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(scheme: str) -> None:
    light, dark = (_colours(block) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2])
    colours = light if scheme == "light" else light | dark
    grounds = {
        "paper": ("ink", "soft", "link", "good", "bad", "warn", "gap"),
        "panel": ("ink", "soft", "link", "good", "bad", "warn", "gap"),
        "bad-tint": ("ink", "soft", "bad"),
        "warn-tint": ("ink", "soft", "warn"),
        "gap-tint": ("ink", "soft", "gap"),
        "mark": ("ink",),
        "worst": ("paper",),
    }
    for ground, texts in grounds.items():
        for text in texts:
            assert _contrast(colours[ground], colours[text]) >= 4.5, (ground, text)
