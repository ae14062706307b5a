"""The table and the JSON of `make bench-peers`: what ran where, and every ratio with its spread."""

import dataclasses
import json
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Row:
    """A workload beside one peer. Times in seconds; ratio = theirs / ours."""

    id: str
    workload: str
    peer: str
    target: float | None = None  # ratio, at least
    ours: float | None = None
    theirs: float | None = None
    variant: str = ""
    ratio: float | None = None
    low: float | None = None  # quartiles over the rounds
    median: float | None = None
    high: float | None = None
    rounds: int = 0
    reason: str = ""  # why there is no time

    @property
    def verdict(self) -> str:
        if self.target is None or self.ratio is None:
            return ""
        met = [ratio >= self.target for ratio in (self.ratio, self.ratio if self.median is None else self.median)]
        return "met" if all(met) else "open" if any(met) else "missed"


def environment(versions: list[str], cpu: int, quick: bool) -> dict[str, Any]:
    info = Path("/proc/cpuinfo").read_text().splitlines()
    field = lambda name: next((line.split(":", 1)[1].strip() for line in info if line.startswith(name)), "unknown")
    flags = [flag for flag in ("avx2", "fma", "avx512f") if flag in field("flags").split()]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True).stdout.strip()
    return {
        "processor": field("model name"),
        "cores": os.cpu_count(),
        "flags": flags,
        "pinned_to": cpu,
        "quick": quick,
        "load_at_start": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": (commit.stdout.strip() or "none") + ("+changes" if changed else ""),
        "versions": versions,
    }


def seconds(t: float | None) -> str:
    if t is None:
        return ""
    for unit, size in (("us", 1e-6), ("ms", 1e-3)):
        if t < 1000 * size:
            return f"{t / size:.2f} {unit}"
    return f"{t:.2f} s"


LINE = "{:<3} {:<66} {:>10}  {:<6} {:<16} {:>10} {:>23}  {:<8} {}"


def print_table(env: dict[str, Any], rows: list[Row]) -> None:
    print(f"\n{env['processor']}, {env['cores']} cores, {' '.join(env['flags'])}; {env['system']}; commit {env['commit']}")
    print(f"load average {env['load_at_start']:.1f} at the start, {os.getloadavg()[0]:.1f} at the end")
    print("; ".join(env["versions"]))
    print("float64, one thread, all contenders on one processor in turn; results equal to 1e-8 before timing")
    print(LINE.format("id", "workload", "ours", "peer", "fastest variant", "peer's", "ratio [quartiles]", "target", "").rstrip())
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} [{row.low:.2f}, {row.high:.2f}]"
        target = "" if row.target is None else ("> 1" if row.target == 1 else f">= {row.target:g}")
        end = row.reason or row.verdict
        print(
            LINE.format(
                row.id, row.workload, seconds(row.ours), row.peer, row.variant, seconds(row.theirs), ratio, target, end
            ).rstrip()
        )
    print("ratio: smallest of the peer's times / smallest of ours; brackets: quartiles of the peer's / ours, round by round")
    print("open: the ratio and the median over the rounds are on two sides of the target")


def as_json(env: dict[str, Any], rows: list[Row], samples: dict[str, Any]) -> dict[str, Any]:
    """Each row says of which of the environments it is."""
    return {
        "environments": [env | {"load_at_end": os.getloadavg()[0]}],
        "rows": [dataclasses.asdict(row) | {"verdict": row.verdict, "environment": 0} for row in rows],
        "samples": samples,
    }


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The rows of a run of some workloads in the place of those of the same names; the others stay, with their environment."""
    name = lambda row: (row["id"], row["workload"], row["peer"])
    environments = old["environments"] + new["environments"]
    shift = len(old["environments"])
    fresh = {name(row): row | {"environment": row["environment"] + shift} for row in new["rows"]}
    rows = [fresh.pop(name(row), row) for row in old["rows"]] + list(fresh.values())
    used = sorted({row["environment"] for row in rows})
    return {
        "environments": [environments[i] for i in used],
        "rows": [row | {"environment": used.index(row["environment"])} for row in rows],
        "samples": old["samples"] | new["samples"],
    }


def write(path: Path, result: dict[str, Any], some: bool) -> None:
    """Overwrites the file; of a run of some workloads only, what it has of the others is kept."""
    if some and path.exists():
        try:
            result = merged(json.loads(path.read_text()), result)
        except (json.JSONDecodeError, KeyError, TypeError):
            kept = path.with_suffix(".old.json")
            path.replace(kept)
            print(f"bench-peers: {path} is not of this form, kept as {kept}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
