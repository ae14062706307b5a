// SPDX-License-Identifier: MIT
#pragma once
// A recorded function: record once, replay many times.
//
// A Program is a list of operations over slots (typed, shaped places), immutable once recorded and
// shared by all threads. It holds no numbers: those live in a Workspace, one per thread. Columns
// are examples and their number is open (kBatch): one Program serves every batch size.
//
//   Recorder<double> r;
//   SlotId x = r.input(3), t = r.input(1), w = r.input(1);
//   SlotId y = affine(r, r.parameter(1, 3), r.parameter(1, 1), x);
//   SlotId l = half_squared_error(r, y, t);
//   Program<double> program = std::move(r).finish({y, l, dot(r, w, l)});

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "autodiff/op.h"

namespace leaveout {

/// "As many columns as the batch has".
inline constexpr Index kBatch = -1;

enum class SlotKind { parameter, input, value };

struct Slot {
  SlotKind kind;
  Index rows;
  Index cols;           // a number, or kBatch
  Index offset;         // parameter: first entry in theta; input: position among the inputs
  bool needs_gradient;  // some parameter reaches it (or it is one)
  int producer;         // index of the operation that writes it, -1 for parameters and inputs

  /// Entries when the batch has n columns.
  Index size(Index n) const { return rows * (cols == kBatch ? n : cols); }
};

/// An affine layer z = W x + b whose parameters are used nowhere else and lie together in theta as
/// the columns of [W b]. Its derivatives have short cuts (per_example.h, dense_curvature.h).
struct AffineLayer {
  SlotId input;                                              // x (in positions x batch)
  SlotId output;                                             // z (out positions x batch)
  Index offset;                                              // first entry of W in theta
  Index out, in;                                             // shape of W
  Index positions;                                           // where W acts in each example
  bool has_bias;                                             // b follows W in theta
  int op;                                                    // index of the affine operation
  Index columns() const { return in + (has_bias ? 1 : 0); }  // of [W b]
  Index size() const { return out * columns(); }
};

/// A parameter b (out x 1) that one operation alone reads, and spreads over all columns, at each of
/// `positions`: z = b 1' + what else there is. Gains and shifts of layer norms, for example. It is
/// an affine layer without a W (in = 0, no input), which is how per_example.h takes it.
using SpreadColumn = AffineLayer;

/// The slots that drivers ask for. `outputs` is what the loss sees (O x batch), `losses` the
/// unweighted per-example losses (1 x batch), `objective` the weighted sum (1 x 1).
struct ProgramRoles {
  SlotId outputs = -1;
  SlotId losses = -1;
  SlotId objective = -1;
};

template <class S>
class Program {
 public:
  const std::vector<std::unique_ptr<const Op<S>>>& ops() const { return ops_; }
  const std::vector<Slot>& slots() const { return slots_; }
  const Slot& slot(SlotId id) const { return slots_[static_cast<std::size_t>(id)]; }
  const std::vector<SlotId>& inputs() const { return inputs_; }
  const std::vector<SlotId>& parameters() const { return parameters_; }
  const ProgramRoles& roles() const { return roles_; }
  /// Length of theta.
  Index parameter_count() const { return parameter_count_; }
  /// Rows of the outputs.
  Index output_count() const { return slot(roles_.outputs).rows; }
  /// The affine layers, in the order of theta; empty where the objective is no sum over examples.
  const std::vector<AffineLayer>& affine_layers() const { return affine_layers_; }
  /// The spread columns outside of these, likewise.
  const std::vector<SpreadColumn>& spread_columns() const { return spread_columns_; }
  /// True if every parameter belongs to one of either.
  bool factored() const { return factored_; }
  /// True if the objective is a sum over examples, so that batches may be taken in tiles: columns
  /// meet only in sums, and no term (such as a penalty on parameters) stands outside of them.
  bool sums_over_examples() const { return sums_over_examples_; }

 private:
  template <class>
  friend class Recorder;
  std::vector<std::unique_ptr<const Op<S>>> ops_;
  std::vector<Slot> slots_;
  std::vector<SlotId> inputs_, parameters_;
  std::vector<AffineLayer> affine_layers_;
  std::vector<SpreadColumn> spread_columns_;
  ProgramRoles roles_;
  Index parameter_count_ = 0;
  bool sums_over_examples_ = false, factored_ = false;
};

/// Builds a Program. Operations are free functions over it (ops/), so a new operation needs no
/// change here. Shapes are checked while recording: a mismatch is std::invalid_argument.
template <class S>
class Recorder {
 public:
  /// A matrix of theta; parameters lie in theta in the order of these calls, column by column.
  SlotId parameter(Index rows, Index cols);
  /// Data with one column per example, bound at replay in the order of these calls.
  SlotId input(Index rows);
  /// A place for a result (or for what an operation keeps for later sweeps).
  SlotId value(Index rows, Index cols, bool needs_gradient);
  /// Appends an operation; its output slot was made by value().
  SlotId append(std::unique_ptr<const Op<S>> op);
  /// Notes the affine operation that was just appended as a layer.
  void note_affine_layer(SlotId weight, SlotId bias, SlotId x, SlotId z);
  /// Notes that it spreads the column b over the columns of z.
  void note_spread_column(SlotId b, SlotId z);

  const Slot& slot(SlotId id) const { return program_.slot(id); }
  bool needs_gradient(SlotId id) const { return slot(id).needs_gradient; }
  /// Throws "[op] what, expected ..., got ..." unless `ok`.
  void require(bool ok, const char* op, const std::string& what) const;
  std::string shape(SlotId id) const;

  /// Ends the recording. The recorder is empty afterwards. Throws unless each role depends on some
  /// parameter, outputs and losses have a column per example, and the objective is one number.
  Program<S> finish(ProgramRoles roles) &&;

 private:
  SlotId add_slot(Slot slot);
  void require_roles(const ProgramRoles& roles) const;
  Program<S> program_;
};

}  // namespace leaveout
