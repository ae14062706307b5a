// SPDX-License-Identifier: MIT
#include "autodiff/workspace.h"

#include <doctest/doctest.h>

#include "autodiff/derivatives.h"
#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "autodiff/sweeps.h"
#include "tests/support/networks.h"
#include "tests/support/random_numbers.h"

using namespace leaveout;

namespace {

bool aligned(const void* p) {
  return reinterpret_cast<std::uintptr_t>(p) % 64 == 0;
}

template <class S>
void check_alignment(const Program<S>& program, const Batch<S>& batch, const Vector<S>& theta) {
  for (const Index directions : {1, 3}) {
    Workspace<S> ws(program, batch.columns, directions);
    ws.bind_batch(batch);
    ws.bind_parameters(theta.data());
    ws.bind_directions(nullptr, directions);
    for (std::size_t i = 0; i < program.slots().size(); ++i) {
      if (program.slots()[i].kind != SlotKind::value) continue;
      const auto id = static_cast<SlotId>(i);
      CHECK(aligned(ws.x(id).data()));
      CHECK(aligned(ws.x_bar(id).data()));
      CHECK(aligned(ws.x_dot(id, 0).data()));
      CHECK(aligned(ws.x_bar_dot(id, 0).data()));
    }
  }
}

}  // namespace

TEST_CASE("every plane starts on a 64-byte boundary, whatever its size") {
  for (const NetworkSpec& spec : usual_networks()) {
    Network net = make_network(spec);
    check_alignment(net.program, net.batch(), net.theta);
    check_alignment<std::complex<double>>(
        net.complex_program, net.complex_batch(), net.theta.cast<std::complex<double>>());
  }
}

TEST_CASE("planes of different slots do not overlap") {
  Network net = make_network({.widths = {3, 5, 2}, .loss = Loss::cross_entropy, .examples = 3});
  Workspace<double> ws(net.program, 3, 2);
  ws.bind_batch(net.batch());
  ws.bind_directions(nullptr, 2);
  std::vector<std::pair<const double*, const double*>> planes;
  for (std::size_t i = 0; i < net.program.slots().size(); ++i) {
    const Slot& slot = net.program.slots()[i];
    const auto id = static_cast<SlotId>(i);
    if (slot.kind != SlotKind::value) continue;
    const Index size = slot.size(3);
    planes.emplace_back(ws.x(id).data(), ws.x(id).data() + size);
    if (!slot.needs_gradient) continue;
    planes.emplace_back(ws.x_bar(id).data(), ws.x_bar(id).data() + size);
    planes.emplace_back(ws.x_dot(id, 0).data(), ws.x_dot(id, 0).data() + 2 * size);
    planes.emplace_back(ws.x_bar_dot(id, 0).data(), ws.x_bar_dot(id, 0).data() + 2 * size);
  }
  std::sort(planes.begin(), planes.end());
  for (std::size_t i = 1; i < planes.size(); ++i) CHECK(planes[i - 1].second <= planes[i].first);
  const auto bytes = static_cast<std::size_t>(planes.back().second - planes.front().first) * 8;
  CHECK(bytes <= Workspace<double>::bytes(net.program, 3, 2));
}

TEST_CASE("a workspace refuses what it has no room for") {
  Network net = make_network({.widths = {3, 2}, .examples = 9});
  CHECK_THROWS_WITH_AS(
      Workspace<double>(net.program, 0),
      "[workspace] size, expected columns >= 1 and 0 to 32 directions, got 0 and 0",
      std::invalid_argument);
  CHECK_THROWS_AS(Workspace<double>(net.program, 1, 33), std::invalid_argument);
  CHECK_THROWS_AS(Workspace<double>(net.program, 1, -1), std::invalid_argument);
  Workspace<double> ws(net.program, 4, 2);
  CHECK_THROWS_WITH_AS(ws.bind_batch(net.batch()),
                       "[workspace] batch, expected 1 to 4 columns within 9, got [0, 9)",
                       std::invalid_argument);
  CHECK_THROWS_AS(ws.bind_batch(net.batch(), 6, 4), std::invalid_argument);
  CHECK_THROWS_AS(ws.bind_batch(net.batch(), -1, 2), std::invalid_argument);
  CHECK_THROWS_AS(ws.bind_batch(net.batch(), 0, 0), std::invalid_argument);
  Batch<double> incomplete = net.batch();
  incomplete.data.pop_back();
  CHECK_THROWS_WITH_AS(ws.bind_batch(incomplete, 0, 4),
                       "[workspace] inputs, expected 4, got 3",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(ws.bind_directions(nullptr, 3),
                       "[workspace] directions, expected 1 to 2, got 3",
                       std::invalid_argument);
  Workspace<double> first_order(net.program, 4);
  CHECK_THROWS_AS(first_order.bind_directions(nullptr, 1), std::invalid_argument);
}

TEST_CASE("a workspace leaves no trace of earlier use") {
  Network net = make_network({.widths = {4, 6, 3}, .loss = Loss::cross_entropy});
  const Matrix<double> v = TestNumbers(60).normal(net.theta.size(), 4);
  const Vector<double> elsewhere = -2 * net.theta;
  const auto products = [&](Workspace<double>& ws, const Vector<double>& theta) {
    Matrix<double> hv(v.rows(), v.cols());
    curvature_product(ws, net.batch(), theta, v, hv, Curvature::full);
    Vector<double> g(theta.size());
    gradient(ws, net.batch(), theta, g);
    hv.col(0) += g;
    return hv;
  };
  Workspace<double> fresh(net.program, 4, 3), used(net.program, 4, 3);
  products(used, elsewhere);
  CHECK((products(used, net.theta).array() == products(fresh, net.theta).array()).all());
}

TEST_CASE("a parameter that nothing reads has gradient and products zero, not what was there") {
  Recorder<double> r;
  const SlotId unread = r.parameter(2, 1), x = r.input(2);
  const SlotId y = matmul(r, r.parameter(1, 2), x), l = half_squared_error(r, y, r.input(1));
  const Program<double> program = std::move(r).finish({y, l, sum(r, l)});
  CHECK(program.slot(unread).offset == 0);
  const Matrix<double> data = TestNumbers(62).normal(2, 3), t = TestNumbers(63).normal(1, 3);
  const Batch<double> batch{{data.data(), t.data()}, 3};
  const Vector<double> theta = Vector<double>::Ones(4);
  Vector<double> g = Vector<double>::Constant(4, 7);
  Matrix<double> hv = Matrix<double>::Constant(4, 4, 7);
  Workspace<double> ws(program, 3, 2);
  gradient(ws, batch, theta, g);
  curvature_product(ws, batch, theta, Matrix<double>::Identity(4, 4), hv, Curvature::full);
  CHECK(g.head(2).norm() == 0);
  CHECK(hv.topRows(2).norm() == 0);
  CHECK(hv.leftCols(2).norm() == 0);
  CHECK(distance(hv.bottomRightCorner(2, 2), data * data.transpose()) < 1e-14);
}

TEST_CASE("all 32 directions at once are the directions one after another") {
  Network net = make_network({.widths = {3, 5, 2}});
  const Matrix<double> v = TestNumbers(61).normal(net.theta.size(), 32);
  Matrix<double> together(v.rows(), 32), single(v.rows(), 32);
  Workspace<double> wide(net.program, 4, 32), narrow(net.program, 4, 1);
  curvature_product(wide, net.batch(), net.theta, v, together, Curvature::full);
  curvature_product(narrow, net.batch(), net.theta, v, single, Curvature::full);
  CHECK(distance(together, single) < 1e-14);
}
