// SPDX-License-Identifier: MIT
#pragma once

// NumPy .npy files: what another tool needs to check our numbers.
//
// Layout (version 1.0): "\x93NUMPY", version, header length, a Python dictionary literal with the
// item type, the order and the shape, padded to 64 bytes; then the numbers, little-endian.
//
//   write_npy("hessian.npy", hessian);                     // numpy.load(...).shape == (rows, cols)
//   write_npy_examples_in_rows("inputs.npy", data.inputs); // shape == (examples, features)
//   Eigen::MatrixXd back = read_npy("hessian.npy");
//
// Every writer writes to a temporary name and renames, so that a reader never sees half a file, and
// throws std::runtime_error, leaving any older file alone, when the disk refuses.
// Every reader throws std::invalid_argument, one line, for a file that is not what was asked for;
// it compares the header's shape with the size of the file before it takes any memory.

#include <Eigen/Dense>
#include <cstdint>
#include <string>
#include <vector>

namespace leaveout {

/// Writes float64, shape (rows, cols).
void write_npy(const std::string& path, const Eigen::MatrixXd& matrix);

/// Writes the transpose: our columns are examples, in the file *rows* are. Shape (cols, rows).
void write_npy_examples_in_rows(const std::string& path, const Eigen::MatrixXd& matrix);

/// Writes float64, shape (size,).
void write_npy_vector(const std::string& path, const Eigen::VectorXd& vector);

/// Writes int64, shape (size,).
void write_npy_integers(const std::string& path, const std::vector<std::int64_t>& integers);

/// Reads 2-D float64 in C or Fortran order, (rows x cols) as NumPy shows it.
Eigen::MatrixXd read_npy(const std::string& path);

/// Reads what `write_npy_examples_in_rows` wrote: the transpose, columns = examples.
Eigen::MatrixXd read_npy_examples_in_rows(const std::string& path);

/// Reads 1-D float64.
Eigen::VectorXd read_npy_vector(const std::string& path);

/// Reads 1-D int64.
std::vector<std::int64_t> read_npy_integers(const std::string& path);

}  // namespace leaveout
