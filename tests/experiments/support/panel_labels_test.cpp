// SPDX-License-Identifier: MIT
#include "experiments/support/panel_labels.h"

#include <doctest/doctest.h>

#include <Eigen/Dense>
#include <limits>

#include "datasets/random.h"

using namespace leaveout;
using Eigen::VectorXd;

namespace {

ScatterPanel panel(const VectorXd& predicted, const VectorXd& actual) {
  return {.task = "t", .against = "PBRF", .predicted = predicted, .actual = actual};
}

VectorXd pair_of(double a, double b) {
  return Eigen::Vector2d(a, b);
}

}  // namespace

TEST_CASE("alike spreads share one axis, unlike spreads have their own") {
  const PanelLabels alike = panel_labels(panel(pair_of(0.0, 1.0), pair_of(0.1, 2.0)));
  CHECK(alike.x.low == alike.y.low);
  CHECK(alike.x.high <= alike.y.high);  // the vertical one may be longer, for the text
  const PanelLabels unlike = panel_labels(panel(pair_of(0.0, 1.0), pair_of(0.0, 10.0)));
  CHECK(unlike.x.high < 1.2);
  CHECK(unlike.y.high > 10.0);
  // Alike but far apart: one axis for both would squeeze either cloud into a corner.
  const PanelLabels apart = panel_labels(panel(pair_of(0.0, 1.0), pair_of(5.0, 6.0)));
  CHECK(apart.x.high < 1.2);
  CHECK(apart.y.low > 4.5);
}

TEST_CASE("points along the identity leave the upper left corner to the text") {
  const VectorXd x = VectorXd::LinSpaced(50, -1.0, 1.0);
  const PanelLabels labels = panel_labels(panel(x, x));
  CHECK(labels.side == "left");
  CHECK(labels.text_y > 0.5);
  CHECK(labels.points == 50);
}

TEST_CASE("points in the upper left corner drive the text away") {
  // A falling line: the identity's corners are free, the other two are not.
  const VectorXd x = VectorXd::LinSpaced(50, 0.0, 1.0);
  const PanelLabels labels = panel_labels(panel(x, VectorXd(20.0 - 20.0 * x.array())));
  CHECK_FALSE((labels.side == "left" && labels.text_y > 0.5));
}

TEST_CASE("in the end no point is under the text") {
  Random random(4);
  for (int repetition = 0; repetition < 20; ++repetition) {
    const VectorXd x = random.normal_matrix(60, 1), y = random.normal_matrix(60, 1);
    const PanelLabels labels = panel_labels(panel(x, y));
    int under = 0;
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      const double across = (x[i] - labels.x.low) / (labels.x.high - labels.x.low);
      const double up = (y[i] - labels.y.low) / (labels.y.high - labels.y.low);
      const bool beside = labels.side == "left" ? across < 0.6 : across > 0.4;
      under += beside && (labels.text_y > 0.5 ? up > 0.76 : up < 0.24);
    }
    CHECK(under == 0);
  }
}

TEST_CASE("undefined correlations are called so, and points that are not finite are left out") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const PanelLabels labels = panel_labels(panel(pair_of(1.0, nan), pair_of(2.0, 3.0)));
  CHECK(labels.points == 1);
  CHECK(labels.pearson == "Pearson undefined");
  CHECK(labels.spearman == "Spearman undefined");
  CHECK(panel_labels(panel(pair_of(nan, nan), pair_of(2.0, 3.0))).points == 0);
  ScatterPanel good = panel(pair_of(0.0, 1.0), pair_of(0.0, 1.0));
  good.pearson = 0.987;
  good.spearman = -0.5;
  CHECK(panel_labels(good).pearson == "Pearson 0.99");
  CHECK(panel_labels(good).spearman == "Spearman -0.50");
}
