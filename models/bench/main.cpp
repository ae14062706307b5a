// SPDX-License-Identifier: MIT
// The benchmarks of `make bench`: every claim about speed, beside a hand-written version.

#include <cstdio>
#include <exception>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"

int main(int argc, char** argv) {
  try {
    leaveout::Suite suite;
    leaveout::add_classifier_benchmarks(suite);
    leaveout::add_first_order_benchmarks(suite);
    leaveout::add_hessian_benchmarks(suite);
    leaveout::add_retraining_benchmarks(suite);
    return suite.run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
