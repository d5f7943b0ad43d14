"""The compatibility matrix: run folders in, one self-contained HTML file out.

Beside it stands a second page where the runs have something for it: the client safety matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness import catalogue
from harness.data import folder
from harness.results.read import ResultsError
from harness.scenarios import list_matrices
from harness.vocabulary import Verdict
from reports import evidence, safety
from reports.boards import boards
from reports.causes import causes, widest
from reports.cells import failing, outside, sheets
from reports.excluded import Matrices
from reports.findings import Article, articles, chapters
from reports.names import Slugs
from reports.outcomes import SAYS
from reports.page import render, spectrum
from reports.pictures import pictures
from reports.table import columns, matrices

WIRE_BUDGET = 1_500_000
"""Characters of wires in one page; once they are spent, findings are told without theirs."""

# Ids of the page's own sections; no case may take them.
_SECTIONS = (
    *("top", "endpoints", "verdicts", "filter", "operations", "actions", "safety", "clients", "matrices"),
    *("races", "causes", "findings", "gaps", "about"),
)


def build(run_folders: Sequence[Path], out: Path, *, suites: Path | None = None) -> Path:
    """Writes the page for these runs, one column per run, to `out`, and returns `out`.

    `suites` holds requirements/, sources.yaml and the tables of matrices; the installed suites when None.
    The page is a function of the runs: building it twice gives the same bytes.
    When the runs have cells of the client safety matrix, that is written beside it (see `safety_page`).
    Raises ResultsError when a run cannot be read, CatalogueError or MatrixError when the
    suites' files cannot.
    """
    if not run_folders:
        raise ResultsError("no run to report on", "Give at least one run folder.")
    runs = [evidence.load(path) for path in run_folders]
    where = suites or folder("suites")
    known, tables = catalogue.load(where), list_matrices(where)
    beside = safety_page(out)
    matrix = safety.boards(columns(runs), known, Slugs(), tables)
    page = html(runs, known, tables, safety_at=beside.name, trials=matrix)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(page, encoding="utf-8")
    if matrix:
        beside.write_text(safety.html(matrix, out.name), encoding="utf-8")
    return out


def safety_page(report: Path) -> Path:
    """Where the client safety matrix of a report stands: `safety.html` beside a run's own `report.html`."""
    return report.with_name("safety.html" if report.name == "report.html" else f"{report.stem}-safety.html")


def html(
    runs: Sequence[evidence.Run],
    known: catalogue.Catalogue,
    tables: Matrices,
    *,
    safety_at: str,
    trials: Sequence[safety.Board],
) -> str:
    """The page for these runs; `safety_at` is the address of the page about their `trials`."""
    slugs = Slugs()
    for section in _SECTIONS:
        slugs.take(section)
    across = columns(runs)
    operations, clients = matrices(across, slugs)
    matrices_of_cells, races = sheets(across, slugs)
    told = articles((operations, clients, failing(across)), known, slugs, WIRE_BUDGET)
    anchors = _anchors(told)
    broke = causes(told, across)
    return render(
        "matrix.html",
        columns=across,
        endpoints=list(dict.fromkeys(column.endpoint for column in across)),
        service_versions=sorted({run.service_version for run in runs}),
        operations=operations,
        clients=clients,
        sheets=matrices_of_cells,
        races=races,
        outside=outside(across),
        pictures=pictures(across),
        boards=boards(across, anchors, slugs, tables),
        safety=safety_at if trials else "",
        trials=trials,
        said_of=SAYS,
        anchors=anchors,
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


def _anchors(told: Sequence[Article]) -> dict[str, str]:
    """Where the page tells of a check at an endpoint, by the column's slug and the id.

    A cell that is told together with others leads there too.
    """
    return {
        f"{place.column.slug} {identity}": place.anchor
        for article in told
        for place in article.places
        for identity in (article.id, *(one.id for one in article.also))
    }
