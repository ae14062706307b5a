// SPDX-License-Identifier: MIT
#include "autodiff/small_product.h"

#include <doctest/doctest.h>

#include <limits>

#include "autodiff/types.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

using Mat = Matrix<double>;

constexpr double kSentinel = 12345.5;

/// Memory that ends where the matrix ends: what lies behind must stay as it is, and what is read
/// behind must not matter.
struct Guarded {
  std::vector<double> numbers;
  Index rows, cols;
  explicit Guarded(const Mat& m)
      : numbers(static_cast<std::size_t>(m.size())), rows(m.rows()), cols(m.cols()) {
    Mat::Map(numbers.data(), rows, cols) = m;
    numbers.resize(numbers.size() + 64, kSentinel);
  }
  double* data() { return numbers.data(); }
  Mat matrix() const { return Mat::Map(numbers.data(), rows, cols); }
  bool untouched_behind() const {
    for (std::size_t i = static_cast<std::size_t>(rows * cols); i < numbers.size(); ++i)
      if (numbers[i] != kSentinel) return false;
    return true;
  }
};

}  // namespace

TEST_CASE("products with a small factor are Eigen's, for every number of rows") {
  TestNumbers numbers(80);
  for (Index m = kSmallestRows; m <= kLargestRows; ++m)
    for (const Index k : {1, 3, 20})
      for (const Index n : {16, 17, 23, 40}) {
        CAPTURE(m);
        CAPTURE(k);
        CAPTURE(n);
        const Mat a = numbers.normal(m, k), b = numbers.normal(k, n), before = numbers.normal(m, n);
        const Mat at = a.transpose(), c_before = numbers.normal(m, k);
        for (const bool add : {false, true})
          for (const bool transposed : {false, true}) {
            Guarded y(before);
            multiply_small(
                transposed ? at.data() : a.data(), m, k, transposed, b.data(), n, y.data(), add);
            const Mat expected = add ? Mat(before + a * b) : Mat(a * b);
            CHECK(distance(y.matrix(), expected) < 1e-14);
            CHECK(y.untouched_behind());
            const Mat bias = c_before.leftCols(1);
            multiply_small(transposed ? at.data() : a.data(),
                           m,
                           k,
                           transposed,
                           b.data(),
                           n,
                           y.data(),
                           add,
                           bias.data());
            const Mat more = (add ? Mat(expected + a * b) : expected).colwise() + bias.col(0);
            CHECK(distance(y.matrix(), more) < 1e-14);
            CHECK(y.untouched_behind());
          }
        for (const bool add : {false, true}) {
          Guarded c(c_before);
          accumulate_small(before.data(), m, b.data(), k, n, c.data(), add);
          const Mat expected =
              add ? Mat(c_before + before * b.transpose()) : Mat(before * b.transpose());
          CHECK(distance(c.matrix(), expected) < 1e-14);
          CHECK(c.untouched_behind());
        }
      }
}

TEST_CASE("columns are added up, for every number of rows and columns") {
  TestNumbers numbers(82);
  for (Index m = kSmallestRows; m <= kLargestRows; ++m)
    for (Index n = 16; n <= 21; ++n)
      for (const bool add : {false, true}) {
        const Mat y = numbers.normal(m, n), before = numbers.normal(m, 1);
        Guarded sums(before);
        sum_columns_small(y.data(), m, n, sums.data(), add);
        const Mat expected = add ? Mat(before + y.rowwise().sum()) : Mat(y.rowwise().sum());
        CHECK((sums.matrix() - expected).cwiseAbs().maxCoeff() < 1e-13);
        CHECK(sums.untouched_behind());
      }
}

TEST_CASE("a small factor may be as long as is allowed") {
  TestNumbers numbers(81);
  const Mat a = numbers.normal(kLargestRows, kLargestInner), b = numbers.normal(kLargestInner, 19);
  Mat y(kLargestRows, 19);
  multiply_small(a.data(), kLargestRows, kLargestInner, false, b.data(), 19, y.data(), false);
  CHECK(distance(y, a * b) < 1e-14);
}

TEST_CASE("an infinity stays in its own row and column") {
  const double infinity = std::numeric_limits<double>::infinity();
  Mat a = Mat::Ones(5, 3), b = Mat::Ones(3, 18), y = Mat::Ones(5, 18), c(5, 3);
  a(4, 1) = infinity;
  multiply_small(a.data(), 5, 3, false, b.data(), 18, y.data(), false);
  CHECK(y.topRows(4).allFinite());
  CHECK((y.row(4).array() == infinity).all());
  Mat z = Mat::Ones(5, 18);
  z(0, 7) = infinity;  // padded rows of column 6 read it
  accumulate_small(z.data(), 5, b.data(), 3, 18, c.data(), false);
  CHECK((c.row(0).array() == infinity).all());
  CHECK(c.bottomRows(4).allFinite());
}

TEST_CASE("other shapes are left to the general product") {
  CHECK(small_enough(20, 20, 128));
  CHECK_FALSE(small_enough(kSmallestRows - 1, 20, 128));
  CHECK_FALSE(small_enough(kLargestRows + 1, 20, 128));
  CHECK_FALSE(small_enough(20, kLargestInner + 1, 128));
  CHECK_FALSE(small_enough(20, 20, 1));
}
