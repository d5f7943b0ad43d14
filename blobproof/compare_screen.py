"""What a comparison shows: block by block while it goes on, then the verdict and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from blobproof.bar import Bar
from loadgen.compare.conclude import Conclusion
from loadgen.compare.estimate import Estimate
from loadgen.compare.judge import power_said
from loadgen.compare.metric import lower_is_better
from loadgen.compare.noise import floor
from loadgen.compare.order import Slot, runs
from loadgen.compare.power import outlook
from loadgen.compare.read import CompareRun
from loadgen.compare.runs import RunsCompared
from loadgen.compare.values import Block, Rules, Stage, Verdict
from loadgen.compare.write import aa_line, primary_line, secondary_line
from loadgen.plan.values import Plan
from loadgen.words import said_change

_COLOURS = {Verdict.BETTER: "green", Verdict.EQUIVALENT: "green", Verdict.WORSE: "red"}
_STAGES = {Stage.WARM_UP: "warm-up", Stage.AA: "A against A", Stage.AB: "A against B"}


class _Quiet:
    """Who is shown a single run: only what people should see at once gets through."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def step(self, said: str) -> None:
        """Nothing: a run is short."""

    def progress(self, row: dict[str, Any]) -> None:
        """Nothing: a run is short."""

    def say(self, said: str) -> None:
        """A lost worker, an interrupt; not the port that every run has."""
        if not said.startswith("workers join at port"):
            self._progress.say(said)


class Progress(Bar):
    """A bar over all runs; every block leaves a line."""

    def __init__(self, console: Console, rules: Rules) -> None:
        super().__init__(
            console,
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
        )
        self._rules = rules
        self._task = self._bar.add_task("", total=runs(rules))
        self._done = 0

    def quiet(self, _plan: Plan) -> _Quiet:
        """Who watches a single run."""
        return _Quiet(self)

    def began(self, slot: Slot, position: int) -> None:
        """A run is about to start."""
        said = f"{_STAGES[slot.stage]}, block {slot.number}, {slot.order} run {position}"
        self._bar.update(self._task, completed=self._done, description=said)
        self._done += 1

    def step(self, said: str) -> None:
        """Something takes a while."""
        self._bar.update(self._task, completed=self._done, description=escape(said))

    def block(self, block: Block) -> None:
        """A block is whole."""
        said = f"{_STAGES[block.stage]:11} {block.number:3}  {block.order}"
        if block.failed:
            self.say(f"{said}  failed: {block.failed}")
            return
        a, b = block.value(self._rules.primary, "A"), block.value(self._rules.primary, "B")
        log = block.log_ratio(self._rules.primary)
        if a is not None and b is not None and log is not None:
            self.say(f"{said}  A {a:.4g}  B {b:.4g}  {said_change(log)}")

    def outlook(self, blocks: Sequence[Block]) -> None:
        """A has met itself: what the noise leaves to be found."""
        aa = [one for one in blocks if one.stage is Stage.AA and not one.failed]
        logs = [one.log_ratio(self._rules.primary) for one in aa]
        known = [one for one in logs if one is not None]
        if known:
            size = share(math.expm1(floor(known)))
            self.say(f"noise floor {size} a block: {outlook(known, self._rules)}")

    def say(self, said: str) -> None:
        """Something that stays on the screen."""
        self._bar.console.print(escape(said), highlight=False, soft_wrap=True)


def show(console: Console, run: CompareRun, rules: Rules, found: Conclusion) -> None:
    """The end of a comparison."""
    header, judged = run.header, found.judgement
    a, b = header["a"]["name"], header["b"]["name"]
    console.print(
        f"[bold]{escape(header['title'])}[/], scale {header['scale']:.4g}, {header['ranks']} ranks; "
        f"A is {escape(a)}, B is {escape(b)}",
        soft_wrap=True,
    )
    colour = "yellow" if _too_wide(rules, found) else _COLOURS.get(judged.verdict, "yellow")
    console.print(f"[bold {colour}]{sentence(rules, found)}[/]", soft_wrap=True)
    if afterwards := rules.chosen_afterwards(run.rules):
        console.print(f"  [yellow]{afterwards}[/]", soft_wrap=True)
    for reason in judged.reasons:
        console.print(f"  {escape(reason)}", soft_wrap=True)
    if judged.estimate is not None:
        console.print(
            f"  {_interval(judged.estimate, rules.alpha)} in {judged.estimate.blocks} blocks "
            f"({judged.estimate.method}); p {judged.p_differs:.2g}; "
            f"shown to be within {share(judged.within)}",
            soft_wrap=True,
        )
    if judged.verdict is Verdict.INCONCLUSIVE and judged.estimate is not None:
        console.print(f"  {_more(found, rules)}", soft_wrap=True)
    if judged.noise is not None:
        noise = judged.noise
        console.print(
            f"  A against itself: noise floor {share(math.expm1(noise.floor))} a block, "
            f"{said_change(noise.itself.log)}; false verdicts, drawn from it: {noise.false}",
            soft_wrap=True,
        )
    for said in (*judged.warnings, *header["doubts"]):
        console.print(f"  [yellow]{escape(said)}[/]", soft_wrap=True)
    for check in found.checks:
        if check.state != "ok":
            mark = "red" if check.state == "invalidates" else "yellow"
            console.print(f"  [{mark}]{check.name}[/]: {escape(check.said)}", soft_wrap=True)
    if not run.complete:
        console.print(f"  [yellow]partial: {escape(run.why)}; what was brought so far is kept[/]")
    if found.secondary:
        console.print(_secondary(rules, found))


def sentence(rules: Rules, found: Conclusion) -> str:
    """The verdict in one line."""
    judged = found.judgement
    if judged.estimate is None:
        return f"{judged.verdict}: {rules.primary}"
    said = f"{judged.verdict}: {rules.primary} of B is {said_change(judged.estimate.log)} against A"
    if judged.verdict is Verdict.EQUIVALENT:
        wide = f", not within the {share(rules.margin)} asked for" if _too_wide(rules, found) else ""
        return f"{said}, within {share(judged.margin)}{wide}"
    if judged.verdict is Verdict.INCONCLUSIVE:
        return said
    return f"{said}, beyond the margin of {share(rules.margin)}"


def _too_wide(rules: Rules, found: Conclusion) -> bool:
    """Whether it is equivalent within a margin only that noise has widened."""
    judged = found.judgement
    return judged.verdict is Verdict.EQUIVALENT and judged.within > rules.margin


def _more(found: Conclusion, rules: Rules) -> str:
    judged = found.judgement
    if judged.more_blocks is None:
        return "more blocks would not help" if judged.reasons else ""
    count = judged.estimate.blocks if judged.estimate else 0
    return (
        f"{judged.more_blocks} more blocks: {power_said()}. Make a new comparison with "
        f"--blocks {count + judged.more_blocks}; to add blocks to this one would be a second look"
    )


def _secondary(rules: Rules, found: Conclusion) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"secondary ({'Holm' if rules.correction == 'holm' else 'BH'}); none of them gates")
    for name in ("B against A", "interval", "p, corrected", "shown"):
        table.add_column(name, justify="right")
    for one in found.secondary:
        low, high = said_change(one.estimate.low), said_change(one.estimate.high)
        table.add_row(
            escape(one.metric),
            said_change(one.estimate.log),
            f"{low} … {high}",
            f"{one.adjusted:.2g}",
            one.shown,
        )
    return table


def facts(run: CompareRun, rules: Rules, found: Conclusion) -> dict[str, Any]:
    """The same for programs."""
    afterwards = rules.chosen_afterwards(run.rules)
    primary = primary_line(found.judgement, rules)
    return {
        "comparison": str(run.folder),
        "a": run.header["a"],
        "b": run.header["b"],
        "profile": run.header["profile"],
        "scale": run.header["scale"],
        "complete": run.complete,
        "why": run.why,
        "verdict": found.judgement.verdict.value,
        "primary": primary | {"meets_gate": primary["meets_gate"] and not afterwards},
        "afterwards": afterwards,
        "aa": aa_line(found.judgement.noise),
        "secondary": [secondary_line(one, rules.correction) for one in found.secondary],
        "checks": [{"name": one.name, "state": one.state, "said": one.said} for one in found.checks],
    }


def show_unpaired(console: Console, compared: RunsCompared) -> None:
    """What two sets of runs say."""
    found, lower = compared.found, lower_is_better(compared.metric)
    way = "" if lower is None else f" ({'less' if lower else 'more'} is better)"
    said = f"{escape(compared.metric)}{way} of B against A {said_change(found.log)}"
    console.print(f"[bold yellow]{found.verdict}[/]: {said}", soft_wrap=True)
    console.print(f"  {escape(found.reason)}", soft_wrap=True)
    span = "no interval: too few runs"
    if math.isfinite(found.low):
        span = f"{said_change(found.low)} … {said_change(found.high)}"
    console.print(f"  {span}; Mann-Whitney p {found.p:.2g}; {found.runs_a} and {found.runs_b} runs")
    for arm, values in (("A", compared.a), ("B", compared.b)):
        console.print(f"  {arm}: {', '.join(f'{one:.4g}' for one in values)}", soft_wrap=True)
    for note in compared.notes:
        console.print(f"  [yellow]{escape(note)}[/]", soft_wrap=True)


def unpaired_facts(compared: RunsCompared) -> Mapping[str, Any]:
    """The same for programs. An interval that is not there is null."""
    found = compared.found
    low, high = (one if math.isfinite(one) else None for one in (found.low, found.high))
    return {
        "metric": compared.metric,
        "verdict": found.verdict.value,
        "reason": found.reason,
        "log": found.log,
        "low": low,
        "high": high,
        "p": found.p,
        "a": list(compared.a),
        "b": list(compared.b),
        "notes": list(compared.notes),
    }


def share(part: float) -> str:
    """A share: 4.8 %."""
    return f"{100 * part:.3g} %"


def _interval(found: Estimate, alpha: float) -> str:
    return f"{share(1 - alpha)} interval {said_change(found.low)} … {said_change(found.high)}"
