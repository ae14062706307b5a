// SPDX-License-Identifier: MIT
// Every operation in several shapes, through the one check of tests/support/check_op.h.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "autodiff/ops/bilinear.h"
#include "autodiff/ops/convolution.h"
#include "autodiff/ops/elementwise.h"
#include "autodiff/ops/linear.h"
#include "autodiff/ops/losses.h"
#include "tests/support/check_op.h"

using namespace leaveout;

namespace {

struct Shape {
  Index rows, columns;
};
const Shape kShapes[] = {{1, 1}, {4, 1}, {1, 6}, {3, 7}, {9, 5}};

void expect_lawful(const OpCase& c) {
  const std::vector<std::string> failures = check_op(c);
  for (const std::string& failure : failures) FAIL_CHECK(failure);
  CHECK(failures.empty());
}

/// An operation of one argument: as a batch, as a fixed value and as a parameter.
template <class Record>
void expect_unary(const std::string& name, double low, double high, Record record) {
  for (const Shape& s : kShapes) {
    OpArgument batch = free_argument(s.rows, kBatch), fixed = free_argument(s.rows, s.columns);
    OpArgument parameter = parameter_argument(s.rows, s.columns);
    for (OpArgument* a : {&batch, &fixed, &parameter}) {
      a->low = low;
      a->high = high;
      expect_lawful(
          op_case(fmt::format("{} {}x{}", name, s.rows, s.columns), {*a}, s.columns, record));
    }
  }
}

/// An operation of two equal shapes: every mixture of batch, data, fixed value and parameter.
template <class Record>
void expect_binary(const std::string& name, Record record) {
  for (const Shape& s : kShapes) {
    const OpArgument batch = free_argument(s.rows, kBatch), data = data_argument(s.rows);
    const OpArgument fixed = free_argument(s.rows, s.columns);
    const OpArgument parameter = parameter_argument(s.rows, s.columns);
    const std::vector<std::vector<OpArgument>> mixtures = {{batch, batch},
                                                           {batch, data},
                                                           {data, batch},
                                                           {fixed, fixed},
                                                           {fixed, parameter},
                                                           {parameter, fixed},
                                                           {parameter, parameter}};
    for (const auto& arguments : mixtures)
      expect_lawful(
          op_case(fmt::format("{} {}x{}", name, s.rows, s.columns), arguments, s.columns, record));
  }
}

/// A loss of outputs against targets (or centre outputs).
template <class Record>
void expect_loss(const std::string& name, OpArgument reference, Record record) {
  for (const Shape& s : kShapes) {
    reference.rows = s.rows;
    expect_lawful(op_case(fmt::format("{} {}x{}", name, s.rows, s.columns),
                          {free_argument(s.rows, kBatch), reference},
                          s.columns,
                          record));
  }
}

}  // namespace

TEST_CASE("elementwise operations keep the laws of the four sweeps") {
  expect_unary("relu", -2, 2, [](auto& r, const auto& in) { return relu(r, in[0]); });
  expect_unary("tanh", -2, 2, [](auto& r, const auto& in) { return tanh(r, in[0]); });
  expect_unary("sigmoid", -4, 4, [](auto& r, const auto& in) { return sigmoid(r, in[0]); });
  expect_unary("softplus", -4, 4, [](auto& r, const auto& in) { return softplus(r, in[0]); });
  expect_unary("gelu", -3, 3, [](auto& r, const auto& in) { return gelu(r, in[0]); });
  expect_unary("exp", -2, 2, [](auto& r, const auto& in) { return exp(r, in[0]); });
  expect_unary("log", 0.3, 4, [](auto& r, const auto& in) { return log(r, in[0]); });
  expect_unary("rsqrt", 0.3, 4, [](auto& r, const auto& in) { return rsqrt(r, in[0], 0.1); });
  expect_unary("square", -2, 2, [](auto& r, const auto& in) { return square(r, in[0]); });
}

TEST_CASE("linear operations keep the laws of the four sweeps") {
  expect_unary("scale", -2, 2, [](auto& r, const auto& in) { return scale(r, in[0], -2.5); });
  expect_unary("sum", -2, 2, [](auto& r, const auto& in) { return sum(r, in[0]); });
  expect_unary(
      "add to itself", -2, 2, [](auto& r, const auto& in) { return add(r, in[0], in[0]); });
  expect_unary("column_mean", -2, 2, [](auto& r, const auto& in) { return column_mean(r, in[0]); });
  expect_unary("centre", -2, 2, [](auto& r, const auto& in) { return centre(r, in[0]); });
  for (const OpArgument& row : {free_argument(1, kBatch), free_argument(1, 3)})
    expect_lawful(op_case(
        "repeat_row", {row}, 3, [](auto& r, const auto& in) { return repeat_row(r, in[0], 4); }));
  for (const OpArgument& column : {free_argument(4, 1), parameter_argument(4, 1)})
    expect_lawful(op_case("repeat_column", {column}, 3, [](auto& r, const auto& in) {
      return repeat_column(r, in[0]);
    }));
  expect_binary("add", [](auto& r, const auto& in) { return add(r, in[0], in[1]); });
  const auto with_bias = [](auto& r, const auto& in) { return bias(r, in[0], in[1]); };
  for (const Shape& s : kShapes)
    for (const OpArgument& b : {free_argument(s.rows, 1), parameter_argument(s.rows, 1)})
      for (const OpArgument& x : {free_argument(s.rows, kBatch),
                                  data_argument(s.rows),
                                  parameter_argument(s.rows, s.columns)})
        expect_lawful(op_case("bias", {x, b}, s.columns, with_bias));
  const auto reshaped = [](auto& r, const auto& in) { return reshape(r, in[0], 2, 6); };
  expect_lawful(op_case("reshape", {parameter_argument(4, 3)}, 2, reshaped));
  expect_lawful(op_case("reshape", {free_argument(3, 4)}, 2, reshaped));
  expect_lawful(
      op_case("reshape a batch", {free_argument(3, kBatch)}, 4, [](auto& r, const auto& in) {
        return reshape(r, in[0], 3, kBatch);
      }));
}

TEST_CASE("products keep the laws of the four sweeps") {
  expect_binary("mul", [](auto& r, const auto& in) { return mul(r, in[0], in[1]); });
  expect_binary("dot", [](auto& r, const auto& in) { return dot(r, in[0], in[1]); });
  expect_unary(
      "mul with itself", -2, 2, [](auto& r, const auto& in) { return mul(r, in[0], in[0]); });
  expect_unary(
      "dot with itself", -2, 2, [](auto& r, const auto& in) { return dot(r, in[0], in[0]); });
  const auto product = [](auto& r, const auto& in) { return matmul(r, in[0], in[1]); };
  const auto layer = [](auto& r, const auto& in) { return affine(r, in[0], in[2], in[1]); };
  const auto layer_no_bias = [](auto& r, const auto& in) { return affine(r, in[0], -1, in[1]); };
  for (const Shape& s : kShapes)
    for (const Index out : {1, 2, 5})
      for (const OpArgument& w : {parameter_argument(out, s.rows), free_argument(out, s.rows)})
        for (const OpArgument& x : {free_argument(s.rows, kBatch),
                                    data_argument(s.rows),
                                    parameter_argument(s.rows, s.columns),
                                    free_argument(s.rows, s.columns)}) {
          const std::string name = fmt::format("{}x{}x{}", out, s.rows, s.columns);
          expect_lawful(op_case("matmul " + name, {w, x}, s.columns, product));
          expect_lawful(op_case("affine " + name, {w, x}, s.columns, layer_no_bias));
          for (const OpArgument& b : {parameter_argument(out, 1), free_argument(out, 1)})
            expect_lawful(op_case("affine " + name, {w, x, b}, s.columns, layer));
        }
}

TEST_CASE("losses keep the laws of the four sweeps") {
  OpArgument labels = data_argument(1), classes = data_argument(1);
  labels.low = 0;
  labels.high = 1;
  classes.probabilities = true;
  const OpArgument outputs = data_argument(1);
  expect_loss("half_squared_error", outputs, [](auto& r, const auto& in) {
    return half_squared_error(r, in[0], in[1]);
  });
  expect_loss("binary_cross_entropy", labels, [](auto& r, const auto& in) {
    return binary_cross_entropy(r, in[0], in[1]);
  });
  expect_loss("cross_entropy", classes, [](auto& r, const auto& in) {
    return cross_entropy(r, in[0], in[1]);
  });
  expect_loss("bregman_half_squared_error", outputs, [](auto& r, const auto& in) {
    return bregman_half_squared_error(r, in[0], in[1]);
  });
  expect_loss("bregman_binary_cross_entropy", outputs, [](auto& r, const auto& in) {
    return bregman_binary_cross_entropy(r, in[0], in[1]);
  });
  expect_loss("bregman_cross_entropy", outputs, [](auto& r, const auto& in) {
    return bregman_cross_entropy(r, in[0], in[1]);
  });
  expect_unary("l2_penalty", -2, 2, [](auto& r, const auto& in) { return l2_penalty(r, in[0]); });
  expect_unary("log_softmax", -2, 2, [](auto& r, const auto& in) { return log_softmax(r, in[0]); });
}

TEST_CASE("only the losses claim to be losses, only linear operations to be linear") {
  Recorder<double> r;
  const SlotId x = r.parameter(2, 3), data = r.input(2), y = affine(r, r.parameter(2, 2), -1, data);
  add(r, scale(r, x, 2), x);
  sum(r, x);
  bias(r, x, r.parameter(2, 1));
  reshape(r, x, 3, 2);
  centre(r, x);
  column_mean(r, x);
  repeat_row(r, r.parameter(1, 3), 2);
  repeat_column(r, r.parameter(2, 1));
  im2col(r, data, {2, 1, 1}, {.size = 1});
  col2im(r, data, {2, 1, 1}, {.size = 1});
  max_pool(r, data, {2, 1, 1}, {.size = 1});
  avg_pool(r, data, {2, 1, 1}, {.size = 1});
  mul(r, x, x);
  tanh(r, x);
  log_softmax(r, x);
  l2_penalty(r, x);
  const SlotId l = half_squared_error(r, y, data);
  cross_entropy(r, y, data);
  const Program<double> program = std::move(r).finish({y, l, dot(r, l, l)});
  std::string losses, linear;
  for (const auto& op : program.ops()) {
    if (op->is_loss()) losses += std::string(op->name()) + " ";
    if (op->is_linear()) linear += std::string(op->name()) + " ";
  }
  CHECK(losses == "l2_penalty half_squared_error cross_entropy ");
  CHECK(linear ==
        "scale add sum bias reshape centre column_mean repeat_row repeat_column im2col col2im "
        "avg_pool ");
}
