"""The peers' side of the line protocol of models/bench/server.h: one line in, one line out.

    load B1.gradient    ok eager traced          results lie beside the arrays, as NAME.VARIANT.npy
    run eager 100       0.2213 0.2211 100        seconds by the clock, of the processor; units done

A variant is one way to compute the same thing (eager, compiled, ...). One that fails is left out; when all fail the
answer is "error" and the first reason. Loading runs each variant once, which compiles what is to be compiled.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import problem as problems


@dataclass(frozen=True)
class Variant:
    run: Callable[[], Any]  # returns when the result is there
    result: Callable[[Any], np.ndarray]  # of what `run` returned, laid out as ours
    units: float = 1  # of the workload, done by one call


# A peer gives, by name, functions that set a variant up.
Variants = Callable[[problems.Problem], dict[str, Callable[[], Variant]]]


def one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:200]


class Server:
    def __init__(self, name: str, version: str, folder: Path, variants: Variants) -> None:
        self.name, self.version, self.folder, self.variants = name, version, folder, variants
        self.loaded: dict[str, Variant] = {}

    def load(self, workload: str) -> str:
        self.loaded.clear()
        problem = problems.load(self.folder / workload)
        reasons = []
        for name, make in self.variants(problem).items():
            try:
                variant = make()
                result = variant.result(variant.run())
                np.save(problem.folder / f"{self.name}.{name}.npy", result)
                self.loaded[name] = variant
            except Exception as error:  # whatever a library throws is a reason, not an end
                reasons.append(f"{name}: {one_line(error)}")
                print(f"{workload}: {reasons[-1]}", file=sys.stderr, flush=True)
        if not self.loaded:
            return "error " + (reasons[0] if reasons else f"no {problem.task} here")
        return "ok " + " ".join(self.loaded)

    def run(self, name: str, calls: int) -> str:
        variant = self.loaded[name]
        run = variant.run
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            run()
        cpu_end, wall_end = time.process_time(), time.perf_counter()
        return f"{wall_end - wall} {cpu_end - cpu} {variant.units * calls}"

    def answer(self, line: str) -> str:
        try:
            match line.split():
                case ["version"]:
                    return self.version
                case ["load", workload]:
                    return self.load(workload)
                case ["run", name, calls]:
                    return self.run(name, int(calls))
        except Exception as error:
            return "error " + one_line(error)
        return f"error '{line}' is no request"


def serve(name: str, version: str, variants: Variants) -> None:
    """Answers until "quit" or the end of the input. What libraries print goes to stderr."""
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    server = Server(name, version, Path(sys.argv[1]), variants)
    for line in sys.stdin:
        if line.strip() == "quit":
            break
        print(server.answer(line.strip()), file=out, flush=True)
