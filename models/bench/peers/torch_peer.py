"""The workloads in PyTorch: float64, one thread, every idiom that the version has. Run by race.py."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

import peer
import problem as problems
import torch_cnn
from peer import Variant
from problem import Problem

try:
    from torch.func import grad, hessian as func_hessian, jvp, vjp, vmap
except ImportError:  # before version 2
    from functorch import grad, hessian as func_hessian, jvp, vjp, vmap

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

Params = list[torch.Tensor]  # [W_1 (out, in), b_1 (out), ...]
Ways = dict[str, Callable[[], Variant]]


class Lab:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.x, self.t, self.w = (torch.from_numpy(a) for a in (problem.x, problem.t, problem.w))
        self.params = [p.requires_grad_() for p in self.leaves(problem.theta)]
        self.v = self.leaves(problem.direction)

    def leaves(self, theta: np.ndarray) -> Params:
        matrices = problems.leaves(theta, self.problem.blocks)
        if self.problem.cnn:
            matrices = torch_cnn.to_native(matrices)
        return [torch.from_numpy(m) for m in matrices]

    def flat(self, params: Params) -> np.ndarray:
        matrices = [p.detach().numpy() for p in params]
        if self.problem.cnn:
            matrices = torch_cnn.from_native(matrices)
        return problems.flat(matrices)

    def outputs(self, params: Params, x: torch.Tensor) -> torch.Tensor:
        if self.problem.cnn:
            return torch_cnn.outputs(params, x)
        h = x
        for layer in range(0, len(params), 2):
            if layer > 0:
                h = torch.relu(h) if self.problem.relu else torch.tanh(h)
            h = F.linear(h, params[layer], params[layer + 1])
        return h

    def losses(self, y: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        if self.problem.classifier:
            return -(t * torch.log_softmax(y, -1)).sum(-1)
        return 0.5 * ((y - t) ** 2).sum(-1)

    def objective(self, params: Params) -> torch.Tensor:
        return torch.dot(self.w, self.losses(self.outputs(params, self.x), self.t))

    def unflatten(self, theta: torch.Tensor) -> Params:
        params, begin = [], 0
        for out, inputs in self.problem.blocks:
            block = theta[begin : begin + out * (inputs + 1)].view(inputs + 1, out)
            params += [block[:-1].t(), block[-1]]
            begin += out * (inputs + 1)
        return params

    def flat_objective(self, theta: torch.Tensor) -> torch.Tensor:
        return self.objective(self.unflatten(theta))


def gradient(lab: Lab) -> Ways:
    def of(objective: Callable[..., torch.Tensor]) -> Variant:
        return Variant(lambda: torch.autograd.grad(objective(*lab.params), lab.params), lab.flat)

    def traced() -> Variant:
        return of(torch.jit.trace(lambda *p: lab.objective(list(p)), tuple(lab.params), check_trace=False))

    return {"eager": lambda: of(lambda *p: lab.objective(list(p))), "jit.trace": traced}


def hvp(lab: Lab) -> Ways:
    def double_backward() -> Any:
        g = torch.autograd.grad(lab.objective(lab.params), lab.params, create_graph=True)
        return torch.autograd.grad(g, lab.params, grad_outputs=lab.v)

    def forward_over_reverse() -> Any:
        params = tuple(p.detach() for p in lab.params)
        return jvp(grad(lambda *p: lab.objective(list(p)), argnums=tuple(range(len(params)))), params, tuple(lab.v))[1]

    return {
        "double-backward": lambda: Variant(double_backward, lab.flat),
        "jvp(grad)": lambda: Variant(forward_over_reverse, lab.flat),
    }


def ggn(lab: Lab) -> Ways:
    def at_outputs(y: torch.Tensor, y_dot: torch.Tensor) -> torch.Tensor:
        """Hessian of the weighted loss in the outputs, times y_dot."""
        if not lab.problem.classifier:
            return lab.w[:, None] * y_dot
        p = torch.softmax(y, -1)
        return lab.w[:, None] * p * (y_dot - (p * y_dot).sum(-1, keepdim=True))

    def twice_reverse() -> Any:
        y = lab.outputs(lab.params, lab.x)
        u = torch.zeros_like(y, requires_grad=True)
        back = torch.autograd.grad(y, lab.params, u, create_graph=True)
        y_dot = torch.autograd.grad(back, u, lab.v)[0]
        return torch.autograd.grad(y, lab.params, at_outputs(y.detach(), y_dot))

    def forward_and_reverse() -> Any:
        params = tuple(p.detach() for p in lab.params)
        f = lambda *p: lab.outputs(list(p), lab.x)
        y, y_dot = jvp(f, params, tuple(lab.v))
        return vjp(f, *params)[1](at_outputs(y, y_dot))

    return {
        "double-backward": lambda: Variant(twice_reverse, lab.flat),
        "jvp,vjp": lambda: Variant(forward_and_reverse, lab.flat),
    }


def hessian(lab: Lab) -> Ways:
    theta = torch.from_numpy(lab.problem.theta)
    numpy = lambda h: h.detach().numpy()

    def at_once(run: Callable[[], torch.Tensor]) -> Variant:
        problems.require_memory_for_all_directions(lab.problem)
        return Variant(run, numpy)

    functional = torch.autograd.functional.hessian
    return {
        "loop": lambda: Variant(lambda: functional(lab.flat_objective, theta), numpy),
        "vectorize": lambda: at_once(lambda: functional(lab.flat_objective, theta, vectorize=True)),
        "func.hessian": lambda: at_once(lambda: func_hessian(lab.flat_objective)(theta)),
    }


def per_example(lab: Lab) -> tuple[torch.Tensor, ...]:
    """Gradients of the losses, an example in each row."""
    params = tuple(p.detach() for p in lab.params)

    def one(params: tuple[torch.Tensor, ...], x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return lab.losses(lab.outputs(list(params), x[None]), t[None])[0]

    return vmap(grad(one), in_dims=(None, 0, 0))(params, lab.x, lab.t)


def all_gradients(lab: Lab) -> Ways:
    return {"vmap(grad)": lambda: Variant(lambda: per_example(lab), lambda g: lab.flat(list(g)).T)}


def gram(lab: Lab) -> Ways:
    def contract() -> torch.Tensor:
        return sum(g.flatten(1) @ g.flatten(1).t() for g in per_example(lab))

    return {"vmap(grad)": lambda: Variant(contract, lambda k: k.numpy())}


def norms(lab: Lab) -> Ways:
    def contract() -> torch.Tensor:
        return sum(g.flatten(1).square().sum(1) for g in per_example(lab))

    return {"vmap(grad)": lambda: Variant(contract, lambda n: n.numpy()[:, None])}


def retraining(lab: Lab) -> Ways:
    """A call is one training; calls take the left-out examples in turn."""
    number = lab.problem.numbers
    steps, rate, decay, count = int(number["steps"]), number["rate"], number["weight_decay"], int(number["count"])

    def train(left_out: int) -> Params:
        w = lab.w.clone()
        w[left_out] = 0
        params = [p.detach().clone().requires_grad_() for p in lab.params]
        for _ in range(steps):
            value = torch.dot(w, lab.losses(lab.outputs(params, lab.x), lab.t))
            g = torch.autograd.grad(value, params)
            with torch.no_grad():
                for p, q in zip(params, g):
                    p.sub_(q.add(p, alpha=decay), alpha=rate)
        return params

    def every(_: Any) -> np.ndarray:
        return np.stack([lab.flat(train(k)) for k in range(count)], axis=1)

    return {"loop": lambda: Variant(lambda: train(0), every)}


TASKS = {
    "gradient": gradient,
    "hvp": hvp,
    "ggn": ggn,
    "hessian": hessian,
    "per_example": all_gradients,
    "gram": gram,
    "norms": norms,
    "retraining": retraining,
}

if __name__ == "__main__":
    capability = torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, "cpu") else "unknown"
    peer.serve(
        "torch",
        f"PyTorch {torch.__version__} ({capability}), NumPy {np.__version__}",
        lambda problem: TASKS[problem.task](Lab(problem)),
    )
