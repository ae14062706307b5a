"""The race of `make bench-peers`: Leaveout, PyTorch and JAX on the same arrays, same precision, one thread each.

    race.py --bench build/leaveout_bench --work build/peers-work --out results/bench/peers.json \\
            --torch PYTHON --jax PYTHON [--only B2] [--quick]

Of a run with --only, rows replace those of the same names in --out; the others stay, with the environment they had.

Each contender is one process, all on one processor. For each workload ours writes the arrays; everybody computes; what
differs by more than 1e-8 is not timed. Then samples are taken in turn, the others waiting. A time is the smallest of
the samples; the ratio's quartiles are over the rounds. A peer's figure is that of its fastest variant.
"""

import argparse
import contextlib
import os
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import report
from contender import Contender, ContenderError, Sample
from workloads import WORKLOADS, Workload

TOLERANCE = 1e-8
OURS = "leaveout"


@dataclass(frozen=True)
class Effort:
    sample_seconds: float
    rounds: int
    fewest_rounds: int
    seconds: float  # a workload's rounds, about


FULL = Effort(sample_seconds=0.1, rounds=15, fewest_rounds=3, seconds=40)
QUICK = Effort(sample_seconds=0.02, rounds=3, fewest_rounds=2, seconds=4)


@dataclass(eq=False)
class Entry:
    """A variant of a contender in the race."""

    contender: Contender
    variant: str
    calls: int = 1
    samples: list[Sample] = field(default_factory=list)

    def take(self) -> float:
        """Takes a sample and returns about how long it took."""
        begin = time.monotonic()
        self.samples.append(self.contender.sample(self.variant, self.calls))
        return time.monotonic() - begin

    def calibrate(self, seconds: float) -> None:
        """Doubles the calls of a sample until it takes long enough."""
        while self.take() < seconds:
            self.calls *= 2
        self.samples = self.samples[-1:]

    @property
    def best(self) -> float:
        return min(s.wall for s in self.samples)


def difference(ours: Path, theirs: Path) -> float:
    """|a - b| / |b|, nan for another shape."""
    a, b = np.load(ours), np.load(theirs)
    if a.size != b.size or (a.ndim == b.ndim == 2 and a.shape != b.shape):
        return float("nan")
    return float(np.linalg.norm(a.ravel() - b.ravel()) / np.linalg.norm(b))


def load(workload: Workload, contenders: list[Contender], folder: Path) -> tuple[list[Entry], dict[str, str]]:
    """Variants whose results equal ours, and reasons where there is none."""
    entries, reasons = [], {}
    for contender in contenders:
        try:
            variants = contender.load(workload.id)
        except ContenderError as error:
            reasons[contender.name] = str(error)
            if contender.name == OURS:
                return [], {c.name: reasons[OURS] for c in contenders}
            continue
        for variant in variants:
            result = folder / workload.id / f"{contender.name}.{variant}.npy"
            off = difference(folder / workload.id / f"{OURS}.main.npy", result)
            if off <= TOLERANCE:
                entries.append(Entry(contender, variant))
            else:
                reasons[contender.name] = f"{variant}: not equal, relative difference {off:.1e}"
                print(f"{workload.id} {contender.name} {reasons[contender.name]}", file=sys.stderr, flush=True)
    return entries, reasons


def fastest(entries: list[Entry], name: str) -> Entry | None:
    return min((e for e in entries if e.contender.name == name), key=lambda e: e.best, default=None)


def each(entries: list[Entry], reasons: dict[str, str], act: Callable[[Entry], object]) -> None:
    """Acts on every entry. A contender that fails leaves the race, and the others go on."""
    for entry in list(entries):
        if entry not in entries:
            continue
        try:
            act(entry)
        except ContenderError as error:
            reasons[entry.contender.name] = str(error)
            entries[:] = [e for e in entries if e.contender is not entry.contender]


def run_rounds(entries: list[Entry], reasons: dict[str, str], effort: Effort) -> None:
    each(entries, reasons, lambda entry: entry.calibrate(effort.sample_seconds))
    # A variant far behind its contender's fastest would only take time from the others.
    entries[:] = [e for e in entries if e.best <= 1.5 * fastest(entries, e.contender.name).best]
    for entry in entries:
        entry.samples.clear()
    begin = time.monotonic()
    for done in range(effort.rounds):
        if done >= effort.fewest_rounds and time.monotonic() - begin > effort.seconds:
            break
        each(entries, reasons, Entry.take)


def row_of(workload: Workload, peer: str, entries: list[Entry], reasons: dict[str, str]) -> report.Row:
    ours, theirs = fastest(entries, OURS), fastest(entries, peer)
    row = report.Row(workload.id.split(".")[0], workload.title, peer, target=workload.at_least.get(peer))
    if ours is not None:
        row.ours = ours.best * workload.scale
    if ours is None or theirs is None:
        row.reason = reasons.get(peer if ours else OURS, "not there")
        return row
    ratios = [b.wall / a.wall for a, b in zip(ours.samples, theirs.samples)]
    row.variant, row.theirs = theirs.variant, theirs.best * workload.scale
    row.ratio = theirs.best / ours.best
    row.low, row.median, row.high = statistics.quantiles(ratios, n=4)
    row.rounds = len(ratios)
    return row


def race(workload: Workload, contenders: list[Contender], folder: Path, effort: Effort) -> tuple[list[report.Row], dict]:
    entries, reasons = load(workload, contenders, folder)
    run_rounds(entries, reasons, effort)
    shutil.rmtree(folder / workload.id, ignore_errors=True)  # a quarter of a gigabyte each, some
    samples = {
        f"{e.contender.name} {e.variant}": {
            "calls_per_sample": e.calls,
            "wall_seconds": [s.wall for s in e.samples],
            "processor_seconds": [s.cpu for s in e.samples],
        }
        for e in entries
    }
    peers = [c.name for c in contenders if c.name != OURS]
    return [row_of(workload, peer, entries, reasons) for peer in peers], samples


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Leaveout beside PyTorch and JAX")
    parser.add_argument("--bench", type=Path, required=True, help="leaveout_bench")
    parser.add_argument("--work", type=Path, required=True, help="folder for arrays and logs")
    parser.add_argument("--out", type=Path, required=True, help="JSON with environments and samples; with --only, merged into it")
    parser.add_argument("--torch", default="", help="the Python that has PyTorch")
    parser.add_argument("--jax", default="", help="the Python that has JAX")
    parser.add_argument("--only", default="", help="workloads whose name starts so: B2, B3.hessian_661")
    parser.add_argument("--quick", action="store_true", help="few rounds, rough figures")
    return parser.parse_args()


def open_contenders(args: argparse.Namespace, stack: contextlib.ExitStack) -> list[Contender]:
    here = Path(__file__).parent
    cpu = max(os.sched_getaffinity(0))
    commands = {OURS: [str(args.bench), "--serve", str(args.work)]}
    for name, python in (("torch", args.torch), ("jax", args.jax)):
        if python:
            commands[name] = [python, str(here / f"{name}_peer.py"), str(args.work)]
        else:
            print(f"bench-peers: no {name} here, going on without it", flush=True)
    contenders = []
    for name, command in commands.items():
        log = args.work / f"{name}.log"
        log.unlink(missing_ok=True)
        try:
            contenders.append(Contender(name, command, log, cpu))
            stack.callback(contenders[-1].close)
        except ContenderError as error:
            print(f"bench-peers: {name} does not start: {error}", flush=True)
    return contenders


def main() -> int:
    args = arguments()
    args.work.mkdir(parents=True, exist_ok=True)
    chosen = [w for w in WORKLOADS if w.id.startswith(args.only)]
    if not chosen:
        print(f"bench-peers: no workload starts with '{args.only}'; there are {', '.join(w.id for w in WORKLOADS)}")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with contextlib.ExitStack() as stack:
        contenders = open_contenders(args, stack)
        if not contenders or contenders[0].name != OURS:
            return 1
        environment = report.environment([c.version for c in contenders], contenders[0].cpu, args.quick)
        rows, samples = [], {}
        for workload in chosen:
            print(f"{workload.id} ...", file=sys.stderr, flush=True)
            found, samples[workload.id] = race(workload, contenders, args.work, QUICK if args.quick else FULL)
            rows += found
    report.print_table(environment, rows)
    report.write(args.out, report.as_json(environment, rows, samples), some=bool(args.only))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        sys.exit(f"bench-peers: {error}")
