"""The convolutional network in JAX: images (y, x, channel), kernels (ky, kx, channel, out), as leaveout has them."""

import jax
import jax.numpy as jnp
import numpy as np

SIDE, KERNEL = 28, 5


def to_native(matrices: list[np.ndarray]) -> list[np.ndarray]:
    """Kernels (out, ky kx channel) become (ky, kx, channel, out)."""
    native = list(matrices)
    for i in (0, 2):
        out = matrices[i].shape[0]
        native[i] = np.ascontiguousarray(matrices[i].reshape(out, KERNEL, KERNEL, -1).transpose(1, 2, 3, 0))
    return native


def from_native(native: list[np.ndarray]) -> list[np.ndarray]:
    matrices = list(native)
    for i in (0, 2):
        out = native[i].shape[3]
        matrices[i] = native[i].transpose(3, 0, 1, 2).reshape(out, -1)
    return matrices


def max_pool(h: jax.Array) -> jax.Array:
    """Windows of 2 x 2. By reshaping: the window operation of JAX has no second derivative along a direction."""
    n, side, _, channels = h.shape
    return jnp.max(h.reshape(n, side // 2, 2, side // 2, 2, channels), axis=(2, 4))


def outputs(params: list[jax.Array], x: jax.Array) -> jax.Array:
    h = x.reshape(x.shape[0], SIDE, SIDE, 1)
    for i in (0, 2):
        h = jax.lax.conv_general_dilated(h, params[i], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        h = max_pool(jax.nn.relu(h + params[i + 1]))
    return h.reshape(h.shape[0], -1) @ params[4].T + params[5]
