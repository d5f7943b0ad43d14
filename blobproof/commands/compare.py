"""`blobproof compare`: two endpoints in interleaved blocks, or runs that exist, and what can be said."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from blobproof.arguments import json_option, style_option
from blobproof.bench_arguments import plan_of, scale, size
from blobproof.bench_screen import plan_facts, plan_lines
from blobproof.compare_screen import Progress, facts, share, show, show_unpaired, unpaired_facts
from blobproof.console import output
from blobproof.runs import empty_folder
from harness.vocabulary import ExitCode
from loadgen.compare.bench import Arm, BenchArms
from loadgen.compare.comparable import Substrate, doubts, held_back, promise
from loadgen.compare.conclude import Conclusion, conclude
from loadgen.compare.experiment import conduct
from loadgen.compare.metric import lower_is_better
from loadgen.compare.order import runs as runs_of
from loadgen.compare.order import slots
from loadgen.compare.read import read
from loadgen.compare.runs import compare_runs
from loadgen.compare.values import FILE, FORMS, Block, CompareError, NotComparableError, Rules, Stage
from loadgen.compare.write import CompareWriter, block_line, header_line
from loadgen.fleet.bounds import bounds
from loadgen.fleet.job import Auth
from loadgen.fleet.launch import Formation
from loadgen.fleet.machine import facts as machine_facts
from loadgen.fleet.opened import Opened, free_bytes, opened
from loadgen.kpi.measure import known_metrics
from loadgen.plan import document
from loadgen.plan.fit import check as check_fit
from loadgen.plan.fit import fit
from loadgen.plan.values import Plan
from loadgen.record.write import FILE as LOAD
from loadgen.substrates.read import substrate as find_substrate
from loadgen.validity.world import Bound, promised

_RULES = Rules("", lower_is_better=True)
"""The defaults."""

_HELP = (
    "A and B are endpoints, as for `blobproof bench`: URLs, connection strings, TOML files, or built-ins "
    "(reference, azurite, null). A is the one that B is measured against. Without --profile they are "
    "folders: of one comparison (judged again), or of load runs, several of each: RUN_A RUN_A -- RUN_B RUN_B."
)


class _Sides(click.Command):
    """A command whose arguments may stand on two sides of a `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """What stands behind the first `--` is the other side."""
        if "--" in args:
            place = args.index("--")
            ctx.meta["other"] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)


def _percent(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    """`5%` or `0.05`."""
    if text is None:
        return None
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no share: write 5% or 0.05.") from None


@click.command(name="compare", cls=_Sides, epilog=_HELP)
@click.argument("sides", nargs=-1, metavar="A B")
@click.option("--profile", metavar="PROFILE", help="The load of every run: one of `blobproof profiles`.")
@click.option("--scale", callback=scale, default="1", show_default=True, help="As for `blobproof bench`.")
@click.option("--ranks", type=click.IntRange(min=1), help="How many there are. [default: by the scale]")
@click.option("--iterations", type=click.IntRange(min=1), default=1, show_default=True, help="In each run.")
@click.option("--choose", multiple=True, metavar="KEY=OPTION", help="What a profile leaves open: layout=dcp.")
@click.option("--block-size", callback=size, metavar="SIZE", help="Of a Put Block.")
@click.option("--parallel", type=click.IntRange(min=1), help="Requests at once, a rank.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="How long tasks arrive.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), help="Tasks a second (open loops).")
@click.option("--workers", type=click.IntRange(1, 256), help="Processes that send. [default: 1 a core]")
@click.option("--connections", type=click.IntRange(1, 4096), help="Of a worker, at most.")
@click.option("--auth", type=click.Choice([one.value for one in Auth]), help="[default: as each is given]")
@click.option("--primary", metavar="METRIC", help="The one that gates. [default: write.barrier_s, or alike]")
@click.option("--blocks", type=click.IntRange(min=0), default=_RULES.blocks, show_default=True)
@click.option(
    "--aa", type=click.IntRange(min=0), default=_RULES.aa_blocks, show_default=True, help="A against itself."
)
@click.option("--warm-up", type=click.IntRange(min=0), default=_RULES.warm_up, show_default=True)
@click.option("--form", type=click.Choice(FORMS), default=_RULES.form, show_default=True, help="Of a block.")
@click.option("--margin", callback=_percent, help=f"What nobody would mind. [default: {_RULES.margin:.0%}]")
@click.option("--alpha", callback=_percent, help=f"Chance of a wrong verdict. [default: {_RULES.alpha:.0%}]")
@click.option(
    "--max-errors",
    callback=_percent,
    help=f"Of a run, or its block fails. [default: {_RULES.max_errors:.0%}]",
)
@click.option("--explore", is_flag=True, help="Correct secondary metrics by BH, not Holm.")
@click.option("--seed", type=click.IntRange(0, 2**31), default=_RULES.seed, show_default=True)
@click.option("--gate", is_flag=True, help="Exit code 6 unless B is better, or equivalent within the margin.")
@click.option("--must-be-better", is_flag=True, help="With --gate: equivalent is not enough.")
@click.option("--substrate-a", metavar="ID", help="What A runs on.")
@click.option("--substrate-b", metavar="ID", help="What B runs on.")
@click.option("--redundancy", nargs=2, metavar="A B", help="What each keeps after a node is lost: 'ec 8+4'.")
@click.option("--flush", nargs=2, metavar="A B", help="When each one's writes survive a crash.")
@click.option("--server-processes", type=click.IntRange(1, 64), default=1, help="Of a built-in.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder, empty or not there yet. [default: runs/TIME-compare-PROFILE]",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and stop.")
@style_option
@json_option
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:
    """Say whether B is better than A, worse, equivalent, or that it was not shown.

    Every block runs both, back to back, in an order drawn from the seed. A runs against itself first: that is
    the noise which a difference has to rise above. The rules are fixed before the first block.
    """
    left, other = given["sides"], context.meta.get("other", ())
    if given["profile"] is not None:
        return _experiment(_two([*left, *other]), given)
    folders = [Path(one) for one in (*left, *other)]
    if len(folders) == 1 and (folders[0] / FILE).is_file():
        _only(context, _AGAIN, "a comparison that exists is judged again by --margin and --alpha alone")
        return _again(folders[0], given)
    if folders and all((one / LOAD).is_file() for one in folders):
        _only(context, _OF_FOLDERS, "load runs that exist take --primary and --alpha alone")
        if not other:
            first, second = _two([*left])
            return _folders([Path(first)], [Path(second)], given)
        return _folders([Path(one) for one in left], [Path(one) for one in other], given)
    if len(folders) > 1 and all((one / FILE).is_file() for one in folders):
        raise NotComparableError(
            "not comparable: two comparisons, each with an A and a B of its own",
            "Give one of them to judge it again; or compare the two endpoints with --profile.",
        )
    raise click.UsageError(
        "two endpoints want --profile PROFILE; without it give folders of load runs, or of one comparison."
    )


_SHOWN = frozenset({"sides", "gate", "must_be_better", "as_json"})
_AGAIN = _SHOWN | {"margin", "alpha"}
_OF_FOLDERS = _SHOWN | {"primary", "alpha"}


def _only(context: click.Context, used: frozenset[str], why: str) -> None:
    """Refuse what was asked for and would do nothing: it is about runs that are to come."""
    for option in context.command.params:
        source = context.get_parameter_source(option.name or "")
        if option.name not in used and source is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} does nothing here: {why}.")


def _two(words: Sequence[str]) -> tuple[str, str]:
    if len(words) != 2:
        raise click.UsageError(f"A and B are wanted, two words, not {len(words)}.")
    return words[0], words[1]


# ------------------------------------------------------------------------------------------ endpoints


def _experiment(names: tuple[str, str], given: Mapping[str, Any]) -> int:
    plan = plan_of(given)
    rules = _rules(given, plan)
    style = given["style"]
    room = [free_bytes(name, style) for name in names]
    check_fit(plan, min((one for one in room if one is not None), default=None))
    if given["dry_run"]:
        return _dry_run(names, plan, rules, given)
    folder = empty_folder(given["out"], f"compare-{plan.profile}").resolve()
    with contextlib.ExitStack() as stack:
        there = {
            arm: stack.enter_context(
                opened(name, folder / "logs" / arm, style=style, processes=given["server_processes"])
            )
            for arm, name in zip("AB", names, strict=True)
        }
        arms = {arm: _arm(arm, one, given) for arm, one in there.items()}
        why, found = _conducted(arms, plan, rules, folder, given)
    return _told(folder, rules, found, why, given)


def _conducted(
    arms: Mapping[str, Arm], plan: Plan, rules: Rules, folder: Path, given: Mapping[str, Any]
) -> tuple[str, Conclusion]:
    """Run the blocks, judge them, write everything down. Why it is partial ("": whole), and what is said."""
    a, b = arms["A"], arms["B"]
    back = held_back(a.side(), b.side())
    header = header_line(
        tool=version("blobproof"),
        a=a.facts(),
        b=b.facts(),
        profile=plan.profile,
        title=plan.title,
        scale=plan.scale,
        ranks=plan.ranks,
        rules=rules,
        schedule=[{**asdict(slot), "stage": slot.stage.value} for slot in slots(rules)],
        measured_on=machine_facts(),
        plan=document.dump(plan),
        held_back=back,
        doubts=doubts(a.side(), b.side()),
    )
    writer = CompareWriter(folder, header)
    blocks: list[Block] = []
    why = ""
    with Progress(output(stderr=True), rules) as progress:
        for said in back:
            progress.say(f"there will be no verdict: {said}")
        measure = BenchArms(
            arms,
            plan,
            Formation(given["workers"] or len(os.sched_getaffinity(0))),
            folder,
            primary=rules.primary,
            watch=progress.quiet,
            connections=given["connections"] or 0,
        )
        try:
            for block in conduct(rules, measure, began=progress.began):
                blocks.append(block)
                writer.add(block_line(block, rules.primary))
                progress.block(block)
                if block.stage is Stage.AA and block.number == rules.aa_blocks:
                    progress.outlook(blocks)
        except KeyboardInterrupt:
            why = "interrupted"
        except Exception as error:
            writer.close(complete=False, why=str(error))
            raise
        if not why and len(blocks) < len(slots(rules)):
            why = f"three blocks in a row failed, the last because of {blocks[-1].failed}"
        progress.step("judging")
        found = conclude(blocks, rules, complete=not why, held_back=back)
    writer.conclude(found, rules)
    writer.close(complete=not why, why=why)
    return why, found


def _arm(arm: str, there: Opened, given: Mapping[str, Any]) -> Arm:
    place = "AB".index(arm)
    name = given[f"substrate_{arm.lower()}"]
    chosen = None if name is None else find_substrate(name)
    declared = {key: given[key][place] for key in ("redundancy", "flush") if given[key]}
    disclosure = {"durability": declared} if len(declared) == 2 else {}
    promises = promise(promised(disclosure, there.endpoint.name))
    substrate, limits = Substrate(durability=promises), tuple[Bound, ...]()
    if chosen is not None:
        substrate = Substrate(chosen.id, chosen.provenance.value, promises, chosen.missing)
        limits = bounds(chosen)
    auth = None if given["auth"] is None else Auth(given["auth"])
    return Arm(there.endpoint, there.shown, auth, substrate, disclosure, limits)


def _rules(given: Mapping[str, Any], plan: Plan) -> Rules:
    known = known_metrics(plan)
    measured = [phase.name for phase in plan.phases if phase.measured]
    primary = given["primary"] or f"{'write' if 'write' in measured else measured[0]}.barrier_s"
    if primary not in known:
        near = difflib.get_close_matches(primary, known, 4, 0.5)
        raise CompareError(
            f"this profile can have no metric {primary!r}"
            + (f"; near it: {', '.join(near)}" if near else ""),
            "`blobproof bench PROFILE --list-metrics` lists all that it can have.",
        )
    lower = lower_is_better(primary)
    if lower is None:
        raise CompareError(
            f"{primary} has no better and no worse: it cannot be the primary metric",
            "Take a time (…_s, …_ms) or a rate (…_per_s).",
        )
    return Rules(
        primary=primary,
        lower_is_better=lower,
        blocks=given["blocks"],
        aa_blocks=given["aa"],
        warm_up=given["warm_up"],
        form=given["form"],
        margin=_or(given["margin"], _RULES.margin),
        alpha=_or(given["alpha"], _RULES.alpha),
        max_errors=_or(given["max_errors"], _RULES.max_errors),
        correction="bh" if given["explore"] else "holm",
        seed=given["seed"],
    )


def _or(given: float | None, usual: float) -> float:
    return usual if given is None else given


def _dry_run(names: tuple[str, str], plan: Plan, rules: Rules, given: Mapping[str, Any]) -> int:
    found = fit(plan, None)
    if given["as_json"]:
        said = {**plan_facts(plan, found), "a": names[0], "b": names[1], "rules": asdict(rules)}
        said["schedule"] = [{**asdict(slot), "stage": slot.stage.value} for slot in slots(rules)]
        click.echo(json.dumps({**said, "runs": runs_of(rules)}, ensure_ascii=False))
        return ExitCode.MET
    click.echo("each run:")
    for line in plan_lines(plan, found):
        click.echo(f"  {line}")
    for stage in Stage:
        orders = " ".join(slot.order for slot in slots(rules) if slot.stage is stage)
        click.echo(f"{stage.value:8} {orders or 'none'}")
    click.echo(
        f"{runs_of(rules)} runs; each starts and ends its workers, some seconds that are in no metric\n"
        f"primary {rules.primary}, margin {share(rules.margin)}, alpha {share(rules.alpha)}, "
        f"seed {rules.seed}"
    )
    return ExitCode.MET


# ------------------------------------------------------------------------------------------ what exists


def _again(folder: Path, given: Mapping[str, Any]) -> int:
    """Judge a comparison that exists; by another margin if one is given, which then meets no gate."""
    run = read(folder)
    margin, alpha = _or(given["margin"], run.rules.margin), _or(given["alpha"], run.rules.alpha)
    rules = replace(run.rules, margin=margin, alpha=alpha)
    return _told(folder, rules, run.again(rules), "" if run.complete else run.why, given, drawn=False)


def _folders(left: Sequence[Path], right: Sequence[Path], given: Mapping[str, Any]) -> int:
    """Load runs that exist: never with a verdict, so a gate is never met."""
    compared = compare_runs(left, right, given["primary"], _or(given["alpha"], _RULES.alpha))
    if given["as_json"]:
        click.echo(json.dumps(unpaired_facts(compared), ensure_ascii=False))
    else:
        show_unpaired(output(), compared)
    return ExitCode.OBJECTIVE_MISSED if given["gate"] else ExitCode.MET


# ------------------------------------------------------------------------------------------ the end


def _told(
    folder: Path, rules: Rules, found: Conclusion, why: str, given: Mapping[str, Any], *, drawn: bool = True
) -> int:
    """Say what came of it. The exit code."""
    # Imported here: pandas takes its time, and nobody needs it before the end.
    from reports.load import comparison

    run = read(folder)
    afterwards = rules.chosen_afterwards(run.rules)
    met = found.judgement.passes(rules, must_be_better=given["must_be_better"]) and not afterwards
    page = comparison.build(folder) if drawn else None
    if given["as_json"]:
        told = {**facts(run, rules, found), "meets_gate": met, "report": str(page) if page else None}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        show(output(), run, rules, found)
        if page:
            click.echo(f"comparison: {folder}\nreport: {page}")
    if why:
        return ExitCode.INDETERMINATE
    return ExitCode.OBJECTIVE_MISSED if given["gate"] and not met else ExitCode.MET
