"""A contender: one process that lives through the whole race and answers one line with one line (peer.py).

Between its turns it is blocked on its input, so it disturbs nobody. It ends with the driver: at the end of its input,
or killed, and Ctrl-C reaches the driver alone.
"""

import os
import selectors
import subprocess
from dataclasses import dataclass
from pathlib import Path

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NPROC": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


class ContenderError(Exception):
    """One line that says why there is no answer."""


@dataclass(frozen=True)
class Sample:
    """Seconds for one unit of a workload."""

    wall: float
    cpu: float


class Contender:
    def __init__(self, name: str, command: list[str], log: Path, cpu: int, patience: float = 900) -> None:
        self.name, self.command, self.log, self.cpu, self.patience = name, command, log, cpu, patience
        self.process: subprocess.Popen[str] | None = None
        self.version = self.ask("version")

    def start(self) -> subprocess.Popen[str]:
        with self.log.open("a") as log:
            return subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | ONE_THREAD,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {self.cpu}),
            )

    def ask(self, line: str) -> str:
        """Starts the process if it does not run. Raises ContenderError for an answer "error ..."."""
        if self.process is None:
            self.process = self.start()
        assert self.process.stdin and self.process.stdout
        try:
            print(line, file=self.process.stdin, flush=True)
            with selectors.DefaultSelector() as ready:
                ready.register(self.process.stdout, selectors.EVENT_READ)
                if not ready.select(self.patience):
                    self.close()
                    raise ContenderError(f"no answer within {self.patience:.0f} s")
            answer = self.process.stdout.readline().strip()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.close()
            raise ContenderError(f"ended unexpectedly, see {self.log}")
        if answer.startswith("error "):
            raise ContenderError(answer.removeprefix("error "))
        return answer

    def load(self, workload: str) -> list[str]:
        """The variants there are; their results lie in the workload's folder."""
        return self.ask(f"load {workload}").split()[1:]

    def sample(self, variant: str, calls: int) -> Sample:
        wall, cpu, units = map(float, self.ask(f"run {variant} {calls}").split())
        return Sample(wall / units, cpu / units)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                try:
                    pipe.close()
                except BrokenPipeError:
                    pass
        self.process = None
