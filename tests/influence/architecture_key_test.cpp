// SPDX-License-Identifier: MIT
// Shards of one architecture are never taken for those of another.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "datasets/registry.h"
#include "influence/decomposition.h"

using namespace leaveout;
using Eigen::VectorXd;

TEST_CASE("the key of a response holds the whole architecture") {
  const Dataset digits = take(load_dataset("digits"), {0, 1, 2, 3, 4, 5});
  std::vector<ModelSpec> specs;
  // All have the same numbers of channels; pooling leaves theta as long as it was.
  for (const char* text : {"lenet:3,3", "lenet_ln:3,3", "resnet:3,3", "mlp:3,3", "lenet:3,3/3"})
    specs.push_back(parse_model(text, digits));
  specs.push_back(specs.front());
  specs.back().pooling = Pooling::max;
  std::set<std::string> keys;
  for (const ModelSpec& spec : specs) {
    const Model model(spec);
    // Without the parameters themselves, which have hashes of their own in the key.
    const VectorXd theta = VectorXd::Zero(model.parameter_count());
    const LeaveOneOut loo(model, digits, 0.01, 0.01, theta, theta);
    const std::string key = task_key(loo, Response::pbrf, {1}, ProtocolKind::exact, {});
    CHECK(key.find(describe(spec)) != std::string::npos);
    keys.insert(key.substr(0, key.find("theta_init")));
  }
  CHECK(keys.size() == specs.size());
}
