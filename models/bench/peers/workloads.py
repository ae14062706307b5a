"""What is raced, in order, and what is claimed: by what factor each peer is slower at least."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Workload:
    id: str  # as leaveout_bench knows it
    title: str
    at_least: dict[str, float] = field(default_factory=dict)  # peer: peer's time / ours
    scale: float = 1  # units in what the title names


def both(factor: float) -> dict[str, float]:
    return {"torch": factor, "jax": factor}


MLP = "784-128-128-10 relu softmax, N=256: "
SMALL = "10-20-20-1 tanh, "
HESSIAN = {"torch": 15.0, "jax": 4.0}
CNN = "CNN 28x28 conv5x8 pool conv5x16 pool fc10, N=128: "

WORKLOADS = [
    Workload("B1.gradient", MLP + "gradient", both(1)),
    Workload("B1.hvp", MLP + "HVP from theta"),
    Workload("B1.ggn", MLP + "GGN product from theta"),
    Workload("B2.gradient_1", SMALL + "N=1: gradient", both(20)),
    Workload("B2.gradient_32", SMALL + "N=32: gradient"),
    Workload("B2.gradient_1000", SMALL + "N=1000: gradient"),
    Workload("B3.hessian_661", SMALL + "N=1000: Hessian", HESSIAN),
    Workload("B3.hessian_1537", "13-32-32-1 tanh, N=500: Hessian", HESSIAN),
    Workload("B3.hessian_2778", "64-32-16-10 tanh softmax, N=1000: Hessian", HESSIAN),
    Workload("B4.hessian_3651", "20-50-50-1 tanh, N=1000: Hessian"),
    Workload("B5.retraining", "1000 LOO x 200 steps, N=500, 10-20-20-1", {"torch": 4, "jax": 2}, scale=1000),
    Workload("B6.all", MLP + "per-example gradients from theta", {"torch": 5}),
    Workload("B6.gram", MLP + "their Gram matrix from theta"),
    Workload("B6.norms", MLP + "their norms"),
    Workload("B7.gradient", CNN + "gradient", both(1)),
    Workload("B7.hvp", CNN + "HVP from theta", both(1)),
]
