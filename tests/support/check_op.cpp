// SPDX-License-Identifier: MIT
#include "tests/support/check_op.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "tests/support/op_probe.h"
#include "tests/support/random_numbers.h"

namespace leaveout {

namespace {

using Complex = std::complex<double>;
using Mat = Matrix<double>;

constexpr Index kDirections = 5;
constexpr double kTolerance = 1e-13;
constexpr double kStep = 1e-30;
const double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The laws, each noting what is wrong.
class OpChecker {
 public:
  explicit OpChecker(const OpCase& c)
      : case_(c),
        probe_(c, c.record, kDirections),
        complex_(c, c.record_complex, kDirections),
        numbers_(c.columns + 17) {
    draw_arguments();
    probe_.move_to(x_, data_);
    v_ = numbers_.normal(probe_.size(), kDirections);
    u_ = numbers_.normal(probe_.outputs(), 1);
    u_dot_ = numbers_.normal(probe_.outputs(), kDirections);
  }

  std::vector<std::string> run() {
    y_ = probe_.forward();
    if (!y_.allFinite()) note("coverage: forward left numbers unwritten", 0);
    j_ = probe_.tangent(v_);
    jt_ = probe_.reverse(u_);
    k_ = probe_.reverse_tangent(v_, u_, Mat(), Curvature::full);
    jt_dot_ = probe_.reverse_tangent(Mat(), {}, u_dot_, Curvature::full);
    check_adjoint_identity();
    check_symmetry();
    check_complex_step();
    check_adding();
    check_directions();
    check_no_state();
    check_gauss_newton();
    return std::move(failures_);
  }

 private:
  void draw_arguments() {
    x_.resize(probe_.size());
    Index at = 0;
    for (const OpArgument& a : case_.arguments) {
      const Index cols = a.cols == kBatch ? case_.columns : a.cols;
      Mat m = numbers_.uniform(a.rows, cols, a.low, a.high);
      // ReLU has no derivative at 0: stay away from it.
      m = m.unaryExpr([](double x) { return std::abs(x) < 0.01 ? x + 0.02 : x; });
      if (a.probabilities) m = m.cwiseAbs();
      if (a.probabilities) m = (m.array().rowwise() / m.array().colwise().sum()).matrix().eval();
      if (a.role == OpArgument::Role::data) {
        data_.push_back(m);
        continue;
      }
      x_.segment(at, m.size()) = Vector<double>::Map(m.data(), m.size());
      at += m.size();
    }
  }

  void check_adjoint_identity() {
    for (Index t = 0; t < kDirections; ++t) {
      inner("adjoint identity of J", u_, j_.col(t), jt_, v_.col(t));
      inner("adjoint identity of the second-order sweep",
            u_dot_.col(t),
            j_.col(t),
            jt_dot_.col(t),
            v_.col(t));
    }
  }
  void check_symmetry() {
    if (probe_.op().is_linear() && (k_.array() != 0).any()) note("K: claimed to be zero", 0);
    for (Index s = 0; s < kDirections; ++s)
      for (Index t = 0; t < s; ++t)
        inner("K: not symmetric", v_.col(s), k_.col(t), v_.col(t), k_.col(s));
  }
  void check_complex_step() {
    Mat j(j_.rows(), j_.cols()), k(k_.rows(), k_.cols());
    for (Index t = 0; t < kDirections; ++t) {
      complex_.move_to(x_.cast<Complex>() + Complex(0, kStep) * v_.col(t).cast<Complex>(), data_);
      const Vector<Complex> y = complex_.forward();
      near("complex value", y.real(), y_);
      j.col(t) = y.imag() / kStep;
      k.col(t) = complex_.reverse(u_.cast<Complex>()).imag() / kStep;
    }
    near("J: complex step", j_, j);
    near("K: complex step", k_, k);
  }
  void check_adding() {
    near("tangent: does not add", probe_.tangent(v_, 9), j_.array() + 9);
    near("reverse: does not add", probe_.reverse(u_, 9), jt_.array() + 9);
    for (const Curvature c : {Curvature::full, Curvature::gauss_newton}) {
      const Mat fresh = probe_.reverse_tangent(v_, u_, u_dot_, c);
      near("reverse_tangent: does not add",
           probe_.reverse_tangent(v_, u_, u_dot_, c, 9),
           fresh.array() + 9);
    }
    near("reverse_tangent: not J' u_dot + K v",
         probe_.reverse_tangent(v_, u_, u_dot_, Curvature::full),
         jt_dot_ + k_);
  }
  void check_directions() {
    const Mat all = jt_dot_ + k_;
    for (Index k = 1; k <= kDirections; ++k) {
      near("directions: tangent", probe_.tangent(v_.leftCols(k)), j_.leftCols(k));
      near("directions: reverse_tangent",
           probe_.reverse_tangent(v_.leftCols(k), u_, u_dot_.leftCols(k), Curvature::full),
           all.leftCols(k));
    }
    Mat some = v_, j = j_, result = all;  // direction 1 stands still
    some.col(1).setConstant(kNaN);
    j.col(1).setZero();
    result.col(1) = jt_dot_.col(1);
    near("directions: tangent with one untouched", probe_.tangent(some), j);
    near("directions: reverse_tangent with one untouched",
         probe_.reverse_tangent(some, u_, u_dot_, Curvature::full),
         result);
  }
  void check_no_state() {
    Vector<double> elsewhere = x_ * 1.25;
    probe_.move_to(elsewhere, data_);
    probe_.forward();
    probe_.reverse_tangent(v_, u_, u_dot_, Curvature::full, 3);
    probe_.tangent(v_, 3);
    probe_.move_to(x_, data_);
    same("state: forward", probe_.forward(), y_);
    same("state: tangent", probe_.tangent(v_), j_);
    same("state: reverse", probe_.reverse(u_), jt_);
    same("state: reverse_tangent", probe_.reverse_tangent(v_, u_, Mat(), Curvature::full), k_);
  }
  void check_gauss_newton() {
    const Mat alone = probe_.reverse_tangent(v_, u_, Mat(), Curvature::gauss_newton);
    const Mat both = probe_.reverse_tangent(v_, u_, u_dot_, Curvature::gauss_newton);
    if (probe_.op().is_loss()) {
      same("Gauss-Newton: a loss drops K", alone, k_);
      near("Gauss-Newton: a loss drops K", both, jt_dot_ + k_);
    } else {
      same("Gauss-Newton: keeps K", alone, Mat::Zero(k_.rows(), k_.cols()));
      same("Gauss-Newton: keeps K", both, jt_dot_);
    }
  }

  void note(const char* law, double gap) {
    const std::string line =
        fmt::format("{} ({}): {}, gap {:.2g}", case_.name, probe_.op().name(), law, gap);
    if (std::find(failures_.begin(), failures_.end(), line) == failures_.end())
      failures_.push_back(line);
  }
  /// a'b = c'd, to rounding in the larger of the two sums.
  void inner(const char* law,
             const Vector<double>& a,
             const Vector<double>& b,
             const Vector<double>& c,
             const Vector<double>& d) {
    const double gap = std::abs(a.dot(b) - c.dot(d));
    const double scale = a.cwiseAbs().dot(b.cwiseAbs()) + c.cwiseAbs().dot(d.cwiseAbs());
    if (!(gap <= kTolerance * scale)) note(law, gap);
  }
  template <class A, class B>
  void near(const char* law, const A& a, const B& b) {
    const Mat left = a, right = b;
    const double gap = distance(left, right);
    if (!(gap <= kTolerance)) note(law, gap);
  }
  void same(const char* law, const Mat& a, const Mat& b) {
    if (!(a.array() == b.array()).all()) note(law, distance(a, b));
  }

  const OpCase& case_;
  OpProbe<double> probe_;
  OpProbe<Complex> complex_;
  TestNumbers numbers_;
  std::vector<std::string> failures_;
  Vector<double> x_;           // (D)
  std::vector<Mat> data_;      // (rows x columns) each
  Mat v_, u_dot_;              // (D x k), (M x k)
  Vector<double> u_, y_, jt_;  // (M), (M), (D)
  Mat j_, k_, jt_dot_;         // J v (M x k), K(u) v (D x k), J' u_dot (D x k)
};

}  // namespace

std::vector<std::string> check_op(const OpCase& op_case) {
  return OpChecker(op_case).run();
}

}  // namespace leaveout
