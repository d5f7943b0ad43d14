"""The compatibility matrix: run folders in, one self-contained HTML file out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness import catalogue
from harness.data import folder
from harness.results.read import ResultsError
from harness.vocabulary import Verdict
from reports import evidence
from reports.causes import causes, widest
from reports.findings import articles, chapters
from reports.names import Slugs
from reports.page import render, spectrum
from reports.table import columns, matrices

WIRE_BUDGET = 1_500_000
"""Characters of wires in one page; once they are spent, findings are told without theirs."""

# Ids of the page's own sections; no case may take them.
_SECTIONS = ("top", "endpoints", "verdicts", "operations", "clients", "causes", "findings", "gaps", "about")


def build(run_folders: Sequence[Path], out: Path, *, suites: Path | None = None) -> Path:
    """Writes the page for these runs, one column per run, to `out`, and returns `out`.

    `suites` holds requirements/ and sources.yaml; the installed suites when None.
    The page is a function of the runs: building it twice gives the same bytes.
    Raises ResultsError when a run cannot be read, CatalogueError when the suites' files cannot.
    """
    if not run_folders:
        raise ResultsError("no run to report on", "Give at least one run folder.")
    page = html([evidence.load(path) for path in run_folders], catalogue.load(suites or folder("suites")))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    return out


def html(runs: Sequence[evidence.Run], known: catalogue.Catalogue) -> str:
    """The page for these runs."""
    slugs = Slugs()
    for section in _SECTIONS:
        slugs.take(section)
    across = columns(runs)
    operations, clients = matrices(across, slugs)
    told = articles((operations, clients), known, slugs, WIRE_BUDGET)
    broke = causes(told, across)
    return render(
        "matrix.html",
        columns=across,
        endpoints=list(dict.fromkeys(column.endpoint for column in across)),
        service_versions=sorted({run.service_version for run in runs}),
        operations=operations,
        clients=clients,
        anchors={
            place.column.slug + " " + article.id: place.anchor for article in told for place in article.places
        },
        causes=broke,
        widest_of={column.slug: widest(broke, column) for column in across},
        occurring=[
            verdict for verdict in Verdict if any(verdict in column.score.counts for column in across)
        ],
        findings=chapters(article for article in told if article.about_answers),
        gaps=chapters(article for article in told if not article.about_answers),
        spectra={column.slug: spectrum(column.score.counts, column.score.missing) for column in across},
        versions=sorted({run.blobproof for run in runs if run.blobproof}),
        days=sorted({run.started[:10] for run in runs if run.started}),
    )
