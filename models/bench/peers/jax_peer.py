"""The workloads in JAX: float64, compiled, timed to the end of the computation. Run by race.py."""

import os
from collections.abc import Callable
from typing import Any

os.environ.setdefault("JAX_PLATFORMS", "cpu")
import jax
import jax.numpy as jnp
import numpy as np

import jax_cnn
import peer
import problem as problems
from peer import Variant
from problem import Problem

jax.config.update("jax_enable_x64", True)

Params = list[jax.Array]  # [W_1 (out, in), b_1 (out), ...]
PER_CALL = (10, 100)  # retrainings side by side
DIRECTIONS = 64  # columns of a Hessian at a time


def objective_of(problem: Problem) -> tuple[Callable, Callable]:
    """outputs(params, x) -> (N, O); losses(y, t) -> (N)."""

    def outputs(params: Params, x: jax.Array) -> jax.Array:
        h = x
        for layer in range(0, len(params), 2):
            if layer > 0:
                h = jax.nn.relu(h) if problem.relu else jnp.tanh(h)
            h = h @ params[layer].T + params[layer + 1]
        return h

    def losses(y: jax.Array, t: jax.Array) -> jax.Array:
        if problem.classifier:
            return -jnp.sum(t * jax.nn.log_softmax(y, axis=-1), axis=-1)
        return 0.5 * jnp.sum((y - t) ** 2, axis=-1)

    return (jax_cnn.outputs if problem.cnn else outputs), losses


class Lab:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.outputs, self.losses = objective_of(problem)
        self.data = [jnp.asarray(a) for a in (problem.x, problem.t, problem.w)]
        self.params, self.v = self.leaves(problem.theta), self.leaves(problem.direction)
        self.theta = jnp.asarray(problem.theta)

    def leaves(self, theta: np.ndarray) -> Params:
        matrices = problems.leaves(theta, self.problem.blocks)
        if self.problem.cnn:
            matrices = jax_cnn.to_native(matrices)
        return [jnp.asarray(m) for m in matrices]

    def flat(self, params: Params) -> np.ndarray:
        matrices = [np.asarray(p) for p in params]
        if self.problem.cnn:
            matrices = jax_cnn.from_native(matrices)
        return problems.flat(matrices)

    def objective(self, params: Params, x: jax.Array, t: jax.Array, w: jax.Array) -> jax.Array:
        return jnp.dot(w, self.losses(self.outputs(params, x), t))

    def unflatten(self, theta: jax.Array) -> Params:
        params, begin = [], 0
        for out, inputs in self.problem.blocks:
            block = theta[begin : begin + out * (inputs + 1)].reshape(inputs + 1, out)
            params += [block[:-1].T, block[-1]]
            begin += out * (inputs + 1)
        return params

    def flat_objective(self, theta: jax.Array, x: jax.Array, t: jax.Array, w: jax.Array) -> jax.Array:
        return self.objective(self.unflatten(theta), x, t, w)

    def compiled(self, function: Callable, *args: Any, result: Callable[[Any], np.ndarray], units: float = 1) -> Variant:
        jitted = jax.jit(function)
        return Variant(lambda: jax.block_until_ready(jitted(*args)), result, units)


def gradient(lab: Lab) -> dict[str, Callable[[], Variant]]:
    ways = {"jit": lambda: lab.compiled(jax.grad(lab.objective), lab.params, *lab.data, result=lab.flat)}
    if not lab.problem.cnn:
        ways["flat"] = lambda: lab.compiled(jax.grad(lab.flat_objective), lab.theta, *lab.data, result=np.asarray)
    return ways


def hvp(lab: Lab) -> dict[str, Callable[[], Variant]]:
    def product(params: Params, v: Params, *data: jax.Array) -> Params:
        return jax.jvp(lambda p: jax.grad(lab.objective)(p, *data), (params,), (v,))[1]

    return {"jvp(grad)": lambda: lab.compiled(product, lab.params, lab.v, *lab.data, result=lab.flat)}


def ggn(lab: Lab) -> dict[str, Callable[[], Variant]]:
    def product(params: Params, v: Params, x: jax.Array, t: jax.Array, w: jax.Array) -> Params:
        y, y_dot = jax.jvp(lambda p: lab.outputs(p, x), (params,), (v,))
        _, back = jax.vjp(lambda p: lab.outputs(p, x), params)
        gradient = lambda y: jax.grad(lambda y: jnp.dot(w, lab.losses(y, t)))(y)
        return back(jax.jvp(gradient, (y,), (y_dot,))[1])[0]

    return {"jvp,vjp": lambda: lab.compiled(product, lab.params, lab.v, *lab.data, result=lab.flat)}


def hessian(lab: Lab) -> dict[str, Callable[[], Variant]]:
    def whole() -> Variant:
        problems.require_memory_for_all_directions(lab.problem)
        return lab.compiled(jax.hessian(lab.flat_objective), lab.theta, *lab.data, result=np.asarray)

    def in_blocks() -> Variant:
        def columns(theta: jax.Array, *data: jax.Array) -> jax.Array:
            column = lambda v: jax.jvp(lambda p: jax.grad(lab.flat_objective)(p, *data), (theta,), (v,))[1]
            return jax.lax.map(column, jnp.eye(theta.size), batch_size=DIRECTIONS)

        return lab.compiled(columns, lab.theta, *lab.data, result=np.asarray)

    return {"hessian": whole, f"{DIRECTIONS}-at-a-time": in_blocks}


def per_example(lab: Lab) -> Callable[..., Params]:
    def one(params: Params, x: jax.Array, t: jax.Array) -> jax.Array:
        return lab.losses(lab.outputs(params, x[None]), t[None])[0]

    return jax.vmap(jax.grad(one), in_axes=(None, 0, 0))


def all_gradients(lab: Lab) -> dict[str, Callable[[], Variant]]:
    args = (lab.params, *lab.data[:2])
    return {"vmap(grad)": lambda: lab.compiled(per_example(lab), *args, result=lambda g: lab.flat(g).T)}


def gram(lab: Lab) -> dict[str, Callable[[], Variant]]:
    def contract(*args: Any) -> jax.Array:
        rows = [g.reshape(g.shape[0], -1) for g in per_example(lab)(*args)]
        return sum(g @ g.T for g in rows)

    return {"vmap(grad)": lambda: lab.compiled(contract, lab.params, *lab.data[:2], result=np.asarray)}


def norms(lab: Lab) -> dict[str, Callable[[], Variant]]:
    def contract(*args: Any) -> jax.Array:
        return sum(jnp.sum(g.reshape(g.shape[0], -1) ** 2, axis=1) for g in per_example(lab)(*args))

    return {"vmap(grad)": lambda: lab.compiled(contract, lab.params, *lab.data[:2], result=lambda n: np.asarray(n)[:, None])}


def retraining(lab: Lab) -> dict[str, Callable[[], Variant]]:
    number = lab.problem.numbers
    steps, rate, decay, count = int(number["steps"]), number["rate"], number["weight_decay"], int(number["count"])
    x, t, w = lab.data

    def train(w: jax.Array, params: Params, x: jax.Array, t: jax.Array) -> Params:
        def step(params: Params, _: None) -> tuple[Params, None]:
            g = jax.grad(lab.objective)(params, x, t, w)
            return [p - rate * (q + decay * p) for p, q in zip(params, g)], None

        return jax.lax.scan(step, params, None, length=steps)[0]

    def side_by_side(trainings: int) -> Callable[[], Variant]:
        weights = w * (1 - jnp.eye(trainings, w.size))
        first = lambda params: lab.flat([p[:count] for p in params]).T
        many = jax.vmap(train, in_axes=(0, None, None, None))
        return lambda: lab.compiled(many, weights, lab.params, x, t, result=first, units=trainings)

    return {f"vmap-{n}": side_by_side(n) for n in PER_CALL}


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
    version = f"JAX {jax.__version__}, NumPy {np.__version__}"
    peer.serve("jax", version, lambda problem: TASKS[problem.task](Lab(problem)))
