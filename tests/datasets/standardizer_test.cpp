// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cmath>

#include "datasets/dataset.h"
#include "datasets/synthetic.h"
#include "tests/datasets/support.h"

namespace leaveout {

namespace {

Dataset one_feature(const Eigen::RowVectorXd& values) {
  Dataset dataset;
  dataset.inputs = values;
  dataset.targets = Eigen::RowVectorXd::Zero(values.size());
  dataset.feature_names = {"width"};
  dataset.target_name = "height";
  return dataset;
}

}  // namespace

TEST_CASE("the deviation is the population's: of 1, 3 it is 1") {
  const Standardizer s = Standardizer::fit(one_feature(Eigen::RowVector2d(1, 3)));
  CHECK(s.input_mean(0) == 2.0);
  CHECK(s.input_scale(0) == 1.0);
  CHECK(Standardizer::fit(one_feature(Eigen::RowVector4d(2, 4, 4, 6))).input_scale(0) ==
        doctest::Approx(std::sqrt(2.0)).epsilon(1e-15));
}

TEST_CASE("standardised training data have mean 0 and mean square 1, targets too in regression") {
  const Dataset train = make_friedman(200, 6, 1.0, 5);
  const Dataset scaled = Standardizer::fit(train).apply(train);
  for (Eigen::Index i = 0; i < 6; ++i) {
    CHECK(std::abs(scaled.inputs.row(i).mean()) < 1e-14);
    CHECK(std::abs(scaled.inputs.row(i).squaredNorm() / 200.0 - 1.0) < 1e-13);
  }
  CHECK(std::abs(scaled.targets.mean()) < 1e-14);
  CHECK(std::abs(scaled.targets.squaredNorm() / 200.0 - 1.0) < 1e-13);
}

TEST_CASE("query data are scaled with the training data's numbers") {
  const Standardizer s = Standardizer::fit(one_feature(Eigen::RowVector2d(0, 4)));
  CHECK(s.apply(one_feature(Eigen::RowVector2d(2, 6))).inputs == Eigen::RowVector2d(0, 2));
}

TEST_CASE("invert undoes apply") {
  const Dataset train = make_friedman(50, 5, 1.0, 6);
  const Dataset query = make_friedman(20, 5, 1.0, 7);
  const Standardizer s = Standardizer::fit(train);
  const Dataset back = s.invert(s.apply(query));
  CHECK((back.inputs - query.inputs).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((back.targets - query.targets).cwiseAbs().maxCoeff() < 1e-13);
  CHECK((s.invert_targets(s.apply(query).targets) - query.targets).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("classes are left alone") {
  const Dataset train = make_blobs(30, 2, 3, 2.0, 8);
  CHECK(Standardizer::fit(train).apply(train).targets == train.targets);
}

TEST_CASE("a constant column is shifted to zero exactly and not scaled") {
  const Standardizer s = Standardizer::fit(one_feature(Eigen::RowVectorXd::Constant(1000, 0.1)));
  CHECK(s.input_scale(0) == 1.0);
  CHECK(s.apply(one_feature(Eigen::RowVector2d(0.1, 1.1))).inputs == Eigen::RowVector2d(0, 1));
}

TEST_CASE("very small and very large numbers keep their scale") {
  for (const double unit : {1e-200, 1e200, 4.9e-324}) {
    const Dataset data = one_feature(unit * Eigen::RowVector4d(1, 3, 1, 3));
    const Eigen::MatrixXd scaled = Standardizer::fit(data).apply(data).inputs;
    CHECK((scaled - Eigen::RowVector4d(-1, 1, -1, 1)).cwiseAbs().maxCoeff() < 1e-12);
  }
}

TEST_CASE("what cannot be standardised is refused by name") {
  const double huge = 1.7e308;
  CHECK(has(refusal([&] { Standardizer::fit(one_feature(Eigen::RowVector3d(huge, huge, -huge))); }),
            "column 'width'"));
  CHECK(has(refusal([&] { Standardizer::fit(one_feature(Eigen::RowVector2d(1, std::nan("")))); }),
            "column 'width'"));
  CHECK(
      has(refusal([&] { Standardizer::fit(one_feature(Eigen::RowVectorXd(0))); }), "no examples"));
  const Standardizer s = Standardizer::fit(one_feature(Eigen::RowVector2d(1, 3)));
  CHECK(has(refusal([&] { s.apply(make_friedman(3, 5, 0.0, 1)); }), "5 features"));
  CHECK(has(refusal([&] { s.invert_targets(Eigen::MatrixXd::Zero(2, 3)); }), "2 outputs"));
}

}  // namespace leaveout
