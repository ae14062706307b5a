// SPDX-License-Identifier: MIT
#pragma once
// One check for every operation: that its four sweeps (autodiff/op.h) belong together.
//
//   adjoint identity    <u, J v> = <J' u, v>
//   K symmetric         <a, K(u) b> = <b, K(u) a>, and K = 0 exactly where is_linear() claims it
//   complex step        Im f(x + ihv) / h = J v,  Im [J(x + ihv)' u] / h = K(u) v,  h = 1e-30
//   coverage            forward writes every number of its outputs, sweeps add to what is there
//   directions          k directions at once = one after another; a direction without a tangent
//                       does not spoil the others
//   no state            the same sweeps twice on one workspace give the same bits
//   Gauss-Newton        leaves K out exactly, and losses keep it exactly
//
//   OpCase c = op_case("tanh", {free_argument(3, kBatch)}, 5,
//                      [](auto& r, const auto& in) { return tanh(r, in[0]); });
//   CHECK(check_op(c).empty());        // else: one line per broken law

#include <functional>
#include <string>
#include <vector>

#include "autodiff/program.h"

namespace leaveout {

/// An argument of the operation under test, with entries drawn from [low, high).
struct OpArgument {
  enum class Role { parameter, free, data };
  Role role;  // free: a value that some parameter would reach; data: an input, no derivative
  Index rows, cols;
  double low = -1.5, high = 1.5;
  bool probabilities = false;  // columns summing to 1
};

inline OpArgument parameter_argument(Index rows, Index cols) {
  return {OpArgument::Role::parameter, rows, cols};
}
inline OpArgument free_argument(Index rows, Index cols) {
  return {OpArgument::Role::free, rows, cols};
}
inline OpArgument data_argument(Index rows) {
  return {OpArgument::Role::data, rows, kBatch};
}

template <class S>
using RecordOp = std::function<SlotId(Recorder<S>&, const std::vector<SlotId>&)>;

struct OpCase {
  std::string name;
  std::vector<OpArgument> arguments;
  Index columns;  // of the batch
  RecordOp<double> record;
  RecordOp<std::complex<double>> record_complex;
};

/// `record` is a generic function that appends exactly one operation and returns its output.
template <class Record>
OpCase op_case(std::string name, std::vector<OpArgument> arguments, Index columns, Record record) {
  return {std::move(name), std::move(arguments), columns, record, record};
}

/// Empty if every law holds, else a line for each that does not.
std::vector<std::string> check_op(const OpCase& op_case);

}  // namespace leaveout
