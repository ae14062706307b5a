// SPDX-License-Identifier: MIT
#pragma once
// One small network of each family, for laws that hold for all of them.
//
//   for (const ModelSpec& spec : small_networks()) Model model(spec);

#include <vector>

#include "models/model.h"

namespace leaveout {

inline ModelSpec small_network(const std::string& text, const ImageShape& image) {
  const bool encodes = text.find("autoencoder") != std::string::npos;
  return parse_model(text,
                     encodes ? Task::reconstruction : Task::multiclass,
                     image.size(),
                     encodes ? image.size() : 3,
                     image);
}

/// Odd and oblong images, so that no two sizes are equal by chance.
inline std::vector<ModelSpec> small_networks() {
  std::vector<ModelSpec> specs = {small_network("mlp:4,3", {2, 2, 3}),
                                  small_network("mlp_ln:4,3", {2, 2, 3}),
                                  small_network("lenet:3,2/5,4", {2, 9, 8}),
                                  small_network("lenet:2", {1, 16, 17}),
                                  small_network("lenet_ln:2,3", {1, 5, 6}),
                                  small_network("resnet:2,3", {2, 5, 6}),
                                  small_network("resnet_ln:2", {1, 4, 4}),
                                  small_network("autoencoder:5,3", {2, 2, 2}),
                                  small_network("conv_autoencoder:3,2/4", {2, 5, 6})};
  for (const char* text : {"lenet:2,3/4", "resnet:3"}) {
    specs.push_back(small_network(text, {1, 4, 4}));
    specs.back().activation = Activation::softplus;
    specs.back().bias = false;
  }
  specs.push_back(small_network("lenet:3,2", {1, 6, 8}));
  specs.back().pooling = Pooling::max;
  return specs;
}

}  // namespace leaveout
