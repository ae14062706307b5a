// SPDX-License-Identifier: MIT
#include "influence/curvature/linear_operator.h"

#include <doctest/doctest.h>

#include <stdexcept>

#include "datasets/random.h"

namespace leaveout {

using Eigen::Index;
using Eigen::MatrixXd;

namespace {

MatrixXd symmetric(Index n, std::uint64_t seed) {
  const MatrixXd a = Random(seed).normal_matrix(n, n);
  return a + a.transpose();
}

MatrixXd applied(const LinearOperator& a, const MatrixXd& v) {
  MatrixXd out = MatrixXd::Constant(v.rows(), v.cols(), 7);  // must be overwritten
  a.apply(v, out);
  return out;
}

/// Knows its product only.
class ProductOnly final : public LinearOperator {
 public:
  explicit ProductOnly(MatrixXd m) : m_(std::move(m)) {}
  Index size() const override { return m_.rows(); }
  void apply(const Eigen::Ref<const MatrixXd>& v, Eigen::Ref<MatrixXd> out) const override {
    out.noalias() = m_ * v;
  }

 private:
  MatrixXd m_;  // (n x n)
};

}  // namespace

TEST_CASE("the matrix of an operator is its products with unit vectors") {
  const MatrixXd m = symmetric(6, 1);
  CHECK(ProductOnly(m).dense() == m);
  CHECK(DenseOperator(m).dense() == m);
}

TEST_CASE("sums, multiples and damping of operators are those of their matrices") {
  const MatrixXd ma = symmetric(7, 2), mb = symmetric(7, 3);
  const DenseOperator a(ma);
  const ProductOnly b(mb);
  const MatrixXd v = Random(4).normal_matrix(7, 3);
  const MatrixXd identity = MatrixXd::Identity(7, 7);

  const SumOperator total = sum(a, b);
  const SumOperator third = scale(total, 1.0 / 3);
  const SumOperator damped = damp(third, 0.25);
  const MatrixXd expected = (ma + mb) / 3 + 0.25 * identity;
  CHECK((damped.dense() - expected).cwiseAbs().maxCoeff() < 1e-15);
  CHECK((applied(damped, v) - expected * v).cwiseAbs().maxCoeff() < 1e-14);

  const SumOperator mixed({{2, &a}, {-0.5, &b}, {1, &damped}}, -3);
  const MatrixXd mixed_matrix = 2 * ma - 0.5 * mb + expected - 3 * identity;
  CHECK((mixed.dense() - mixed_matrix).cwiseAbs().maxCoeff() < 1e-14);
  CHECK((applied(mixed, v) - mixed_matrix * v).cwiseAbs().maxCoeff() < 1e-13);
}

TEST_CASE("damping does not accumulate over calls") {
  const DenseOperator a(symmetric(5, 5));
  const SumOperator damped = damp(a, 0.1);
  const MatrixXd v = Random(6).normal_matrix(5, 2);
  const MatrixXd once = applied(damped, v);
  for (int i = 0; i < 3; ++i) CHECK(applied(damped, v) == once);
  CHECK(damped.dense() == damped.dense());
}

TEST_CASE("a product with k columns is k products") {
  const DenseOperator a(symmetric(9, 7));
  const DenseOperator b(symmetric(9, 8));
  const SumOperator c({{1, &a}, {0.3, &b}}, 0.7);
  const MatrixXd v = Random(9).normal_matrix(9, 4);
  const MatrixXd together = applied(c, v);
  for (Index j = 0; j < 4; ++j)
    CHECK((applied(c, v.col(j)) - together.col(j)).cwiseAbs().maxCoeff() < 1e-14 * 9);
}

TEST_CASE("a sum of nothing or of different sizes is refused") {
  const DenseOperator a(MatrixXd::Identity(2, 2)), b(MatrixXd::Identity(3, 3));
  CHECK_THROWS_AS(SumOperator({}), std::invalid_argument);
  CHECK_THROWS_AS(sum(a, b), std::invalid_argument);
}

}  // namespace leaveout
