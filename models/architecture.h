// SPDX-License-Identifier: MIT
#pragma once
// The families of networks: from a ModelSpec to its layers. h is the activation (after a layer
// norm, where the spec asks for them), C x H x W an image.
//
//   mlp               (dense, h) for each width, dense
//   lenet             (conv, h, pool 2x2) for each number of channels, (dense, h) for each width
//                     after '/', dense. Windows 5x5 without padding where the image has 16 pixels
//                     or more on its shorter side, else 3x3 with padding 1, which keep its size.
//   resnet            conv 3x3, h, block; for each further number conv 3x3 with stride 2, h, block;
//                     mean of each channel, dense. A block is h(x + conv(h(conv(x)))). No batch
//                     normalisation: examples stay apart, as influence needs them.
//   autoencoder       (dense, h) for each width but the last, which is a linear code; the same
//                     widths backwards; logits of the inputs
//   conv_autoencoder  (conv 3x3 with stride 2, h) for each number, dense code, (dense, h) back, and
//                     transposed convolutions backwards; logits of the pixels
//
// LeCun et al. 1998; He et al. 2016; Hinton and Salakhutdinov 2006 (the code is linear).
//
//   Architecture layers = architecture(parse_model("lenet:8,16", Task::multiclass, 784, 10,
//                                                  {1, 28, 28}));

#include "models/model.h"

namespace leaveout {

/// Throws std::invalid_argument where the family wants an image and the spec has none, a window
/// does not fit its image, a layer norm would act on one number, or an autoencoder's outputs are
/// not as many as its inputs.
Architecture architecture(const ModelSpec& spec);

}  // namespace leaveout
