// SPDX-License-Identifier: MIT
// The tester tested: check_op accepts a right operation and names the fault of each wrong one.
#include "tests/support/check_op.h"

#include <doctest/doctest.h>

#include "autodiff/families.h"

using namespace leaveout;

namespace {

enum class Fault {
  none,
  curve_sign,          // K with the wrong sign
  curve_factor,        // K without its factor 2
  slope_in_reverse,    // J' is not J transposed
  slope_everywhere,    // J wrong, and J' its transpose all the same
  asymmetric_curve,    // K(u) not symmetric
  claims_linear,       // K is not zero
  tangent_assigns,     // instead of adding
  reverse_assigns,     //
  unwritten,           // one number of the output is not written
  keeps_state,         // the output depends on what it was before
  gauss_newton_keeps,  // not a loss, but keeps K under gauss_newton
  loss_drops           // a loss, but drops K under gauss_newton
};

/// y = x^2 entry by entry, written out, with one fault.
template <class S>
class FaultySquare final : public Op<S> {
 public:
  FaultySquare(SlotId x, SlotId y, Fault fault) : Op<S>({x}, y), fault_(fault) {}
  const char* name() const override { return "square"; }
  bool is_linear() const override { return fault_ == Fault::claims_linear; }
  bool is_loss() const override { return fault_ == Fault::loss_drops; }

  void forward(Workspace<S>& ws) const override {
    const ConstMatrixMap<S> x = ws.x(this->input(0));
    MatrixMap<S> y = ws.y(this->output());
    const S before = y(0, 0);
    y = x.cwiseProduct(x);
    if (fault_ == Fault::unwritten) y(0, 0) = before;
    if (fault_ == Fault::keeps_state) y(0, 0) += calls_++ > 1 ? 1e-9 : 0.0;
  }
  void tangent(Workspace<S>& ws) const override {
    const S c = fault_ == Fault::slope_everywhere ? S(3) : S(2);
    for (Index t = 0; t < ws.directions(); ++t) {
      if (!ws.dot_active(this->input(0), t)) continue;
      Sink<S> put = ws.sink_dot(this->output(), t);
      put.fresh |= fault_ == Fault::tangent_assigns;
      put(c * ws.x(this->input(0)).cwiseProduct(ws.x_dot(this->input(0), t)));
    }
  }
  void reverse(Workspace<S>& ws) const override {
    Sink<S> put = ws.sink_bar(this->input(0));
    put.fresh |= fault_ == Fault::reverse_assigns;
    put(slope() * ws.x(this->input(0)).cwiseProduct(ws.x_bar(this->output())));
  }
  void reverse_tangent(Workspace<S>& ws, Curvature curvature) const override {
    const SlotId x = this->input(0), y = this->output();
    bool second = curvature == Curvature::full || fault_ == Fault::gauss_newton_keeps;
    second = second && ws.bar_active(y);
    for (Index t = 0; t < ws.directions(); ++t) {
      if (ws.bar_dot_active(y, t))
        ws.sink_bar_dot(x, t)(slope() * ws.x(x).cwiseProduct(ws.x_bar_dot(y, t)));
      if (second && ws.dot_active(x, t)) {
        ws.sink_bar_dot(x, t)(curve() * ws.x_bar(y).cwiseProduct(ws.x_dot(x, t)));
        if (fault_ == Fault::asymmetric_curve)
          ws.sink_bar_dot(x, t).map(0, 0) += ws.x_dot(x, t)(ws.x(x).rows() - 1, 0);
      }
    }
  }

 private:
  S slope() const {
    return fault_ == Fault::slope_in_reverse || fault_ == Fault::slope_everywhere ? S(3) : S(2);
  }
  S curve() const {
    return fault_ == Fault::curve_sign ? S(-2) : fault_ == Fault::curve_factor ? S(1) : S(2);
  }
  Fault fault_;
  mutable int calls_ = 0;
};

template <class S>
S scalar_in(const Recorder<S>&);

std::string verdict(Fault fault) {
  const auto record = [fault](auto& r, const auto& in) {
    using S = decltype(scalar_in(r));
    const SlotId y = r.value(r.slot(in[0]).rows, r.slot(in[0]).cols, true);
    return r.append(std::make_unique<FaultySquare<S>>(in[0], y, fault));
  };
  std::string all;
  for (const std::string& line : check_op(op_case("case", {free_argument(3, kBatch)}, 4, record)))
    all += line + "\n";
  return all;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a right operation is accepted") {
  CHECK(verdict(Fault::none) == "");
}

TEST_CASE("a wrong operation is rejected, by the law it breaks") {
  CHECK(mentions(verdict(Fault::curve_sign), "K: complex step"));
  CHECK(mentions(verdict(Fault::curve_factor), "K: complex step"));
  CHECK(mentions(verdict(Fault::slope_in_reverse), "adjoint identity of J"));
  CHECK(mentions(verdict(Fault::slope_everywhere), "J: complex step"));
  CHECK(mentions(verdict(Fault::asymmetric_curve), "K: not symmetric"));
  CHECK(mentions(verdict(Fault::claims_linear), "K: claimed to be zero"));
  CHECK(mentions(verdict(Fault::tangent_assigns), "tangent: does not add"));
  CHECK(mentions(verdict(Fault::reverse_assigns), "reverse: does not add"));
  CHECK(mentions(verdict(Fault::unwritten), "coverage: forward left numbers unwritten"));
  CHECK(mentions(verdict(Fault::keeps_state), "state: forward"));
  CHECK(mentions(verdict(Fault::gauss_newton_keeps), "Gauss-Newton: keeps K"));
  CHECK(mentions(verdict(Fault::loss_drops), "Gauss-Newton: a loss drops K"));
}

TEST_CASE("a report names the case, the operation and the law") {
  const std::string text = verdict(Fault::slope_in_reverse);
  CHECK(mentions(text, "case (square): adjoint identity of J, gap "));
}
