"""The convolutional network in PyTorch, whose images are (channel, y, x) and kernels (out, channel, ky, kx)."""

import numpy as np
import torch
import torch.nn.functional as F

SIDE, KERNEL, LAST_SIDE = 28, 5, 4


def to_native(matrices: list[np.ndarray]) -> list[np.ndarray]:
    """Kernels (out, ky kx channel) and the last layer's inputs (y x channel), channel first."""
    native = list(matrices)
    for i, side in ((0, KERNEL), (2, KERNEL), (4, LAST_SIDE)):
        out = matrices[i].shape[0]
        image = matrices[i].reshape(out, side, side, -1).transpose(0, 3, 1, 2)
        native[i] = np.ascontiguousarray(image if i < 4 else image.reshape(out, -1))
    return native


def from_native(native: list[np.ndarray]) -> list[np.ndarray]:
    matrices = list(native)
    for i, side in ((0, KERNEL), (2, KERNEL), (4, LAST_SIDE)):
        out = native[i].shape[0]
        matrices[i] = native[i].reshape(out, -1, side, side).transpose(0, 2, 3, 1).reshape(out, -1)
    return matrices


def outputs(params: list[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    h = x.view(-1, 1, SIDE, SIDE)
    for i in (0, 2):
        h = F.max_pool2d(torch.relu(F.conv2d(h, params[i], params[i + 1])), 2)
    return F.linear(h.flatten(1), params[4], params[5])
