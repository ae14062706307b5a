// SPDX-License-Identifier: MIT
#pragma once
// Counts calls of the allocator, so that tests can ask for none.
//
//   const std::size_t calls = allocations_in([&] { forward(ws); });
//
// Counting needs the GNU C library and no sanitizer; elsewhere counting_allocations() is false and
// the count is always 0.

#include <cstddef>

namespace leaveout {

bool counting_allocations();
void start_counting_allocations();
/// Calls of malloc and its relatives by this thread since the start.
std::size_t stop_counting_allocations();

template <class Body>
std::size_t allocations_in(Body&& body) {
  start_counting_allocations();
  body();
  return stop_counting_allocations();
}

}  // namespace leaveout
