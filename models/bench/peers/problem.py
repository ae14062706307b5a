"""What a workload is made of, in NumPy's terms: the arrays that leaveout_bench wrote, and the way between its flat
parameter vector and the matrices that other libraries like.

theta is a row of blocks [W b], one a layer, each column by column; W is (out x in). A convolution's W has
in = channels * kernel * kernel, numbered channel + channels * (kx + kernel * ky); images lie likewise,
channel + channels * (x + width * y). So W, reshaped in C order, is (out, ky, kx, channel), and an image (y, x, channel).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Problem:
    """One workload. Examples lie in the rows of x and t."""

    folder: Path
    task: str  # gradient, hvp, ggn, hessian, per_example, gram, norms, retraining
    blocks: list[tuple[int, int]]  # (out, in) of each layer
    relu: bool
    classifier: bool
    x: Array  # (N, features)
    t: Array  # (N, outputs)
    w: Array  # (N)
    theta: Array  # (P)
    direction: Array  # (P)
    cnn: bool = False
    numbers: dict[str, float] = field(default_factory=dict)

    @property
    def widest(self) -> int:
        return max(out for out, _ in self.blocks)


def load(folder: Path) -> Problem:
    net = json.loads((folder / "net.json").read_text())
    arrays = {name: np.load(folder / f"{name}.npy") for name in ("x", "t", "w", "theta", "direction")}
    numbers = {key: value for key, value in net.items() if type(value) in (int, float)}
    return Problem(
        folder=folder,
        task=net["task"],
        blocks=[(out, inputs) for out, inputs in net["blocks"]],
        relu=net["relu"],
        classifier=net["classifier"],
        cnn=bool(net.get("cnn")),
        numbers=numbers,
        **arrays,
    )


def leaves(theta: Array, blocks: list[tuple[int, int]]) -> list[Array]:
    """[W_1 (out, in), b_1 (out), W_2, ...], contiguous."""
    found, begin = [], 0
    for out, inputs in blocks:
        block = theta[begin : begin + out * (inputs + 1)].reshape(inputs + 1, out)
        found += [np.ascontiguousarray(block[:-1].T), block[-1].copy()]
        begin += block.size
    return found


def flat(matrices: list[Array]) -> Array:
    """theta of [W_1, b_1, ...]; axes in front (examples, say) stay: (..., P)."""
    pieces = []
    for weight, bias in zip(matrices[::2], matrices[1::2]):
        lead = weight.shape[:-2]
        pieces += [np.swapaxes(weight, -1, -2).reshape(*lead, -1), bias.reshape(*lead, -1)]
    return np.concatenate(pieces, axis=-1)


def available_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return 1 << 62


def require_memory_for_all_directions(problem: Problem) -> None:
    """Raises where P directions at once, over all examples, would not fit: about ten planes of them are alive."""
    needed = 10 * 8 * problem.theta.size * problem.x.shape[0] * problem.widest
    if needed > available_bytes() // 2:
        raise MemoryError(f"all directions at once would take about {needed / 1e9:.0f} GB")
