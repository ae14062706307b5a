// SPDX-License-Identifier: MIT
#pragma once
// Reverse-mode differentiation in one page: an eager engine over single numbers, in the manner of
// micrograd. It shares no line with autodiff/, so that the two can check each other, and it is the
// place to start reading: every number remembers where it came from, and the chain rule is walked
// backwards over the tape.
//
//   scalar::Tape tape;
//   scalar::Number x = tape.number(2), y = tanh(x * x + 3.0);
//   tape.differentiate(y);
//   x.gradient();                        // dy/dx = 2 x (1 - tanh^2)

#include <cmath>
#include <vector>

namespace leaveout::scalar {

class Tape;

/// A place on a tape.
struct Number {
  Tape* tape;
  std::size_t at;
  double value() const;
  double gradient() const;
};

/// Every number ever made, in order; a number depends on at most two earlier ones.
class Tape {
 public:
  Number number(double value) { return push(value, 0, 0, 0, 0); }

  /// A result with its derivatives in the two arguments.
  Number push(double value, std::size_t a, double da, std::size_t b, double db) {
    nodes_.push_back({value, 0, {a, b}, {da, db}});
    return {this, nodes_.size() - 1};
  }

  /// Derivatives of `of` in every number before it. Numbers are made after what they depend on, so
  /// going back over the tape meets each one when all that it influenced is done.
  void differentiate(Number of) {
    for (Node& node : nodes_) node.gradient = 0;
    nodes_[of.at].gradient = 1;
    for (std::size_t i = of.at + 1; i-- > 0;)
      for (int k = 0; k < 2; ++k)
        nodes_[nodes_[i].parent[k]].gradient += nodes_[i].slope[k] * nodes_[i].gradient;
  }

 private:
  friend struct Number;
  struct Node {
    double value, gradient;
    std::size_t parent[2];
    double slope[2];
  };
  std::vector<Node> nodes_;
};

inline double Number::value() const {
  return tape->nodes_[at].value;
}
inline double Number::gradient() const {
  return tape->nodes_[at].gradient;
}

inline Number operator+(Number a, Number b) {
  return a.tape->push(a.value() + b.value(), a.at, 1, b.at, 1);
}
inline Number operator-(Number a, Number b) {
  return a.tape->push(a.value() - b.value(), a.at, 1, b.at, -1);
}
inline Number operator*(Number a, Number b) {
  return a.tape->push(a.value() * b.value(), a.at, b.value(), b.at, a.value());
}
inline Number operator+(Number a, double b) {
  return a + a.tape->number(b);
}
inline Number operator-(Number a, double b) {
  return a - a.tape->number(b);
}
inline Number operator*(Number a, double b) {
  return a * a.tape->number(b);
}

inline Number tanh(Number a) {
  const double y = std::tanh(a.value());
  return a.tape->push(y, a.at, 1 - y * y, a.at, 0);
}
inline Number exp(Number a) {
  const double y = std::exp(a.value());
  return a.tape->push(y, a.at, y, a.at, 0);
}
inline Number log(Number a) {
  return a.tape->push(std::log(a.value()), a.at, 1 / a.value(), a.at, 0);
}

}  // namespace leaveout::scalar
