// SPDX-License-Identifier: MIT
// The benchmarks of `make bench`: every claim about speed, beside a hand-written version. With
// --serve FOLDER it waits for the driver of `make bench-peers` instead (server.h).

#include <cstdio>
#include <exception>
#include <string_view>

#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "influence/bench/subset_bench.h"
#include "influence/bench/trajectory_bench.h"
#include "models/bench/server.h"

namespace {

int serve(const char* folder) {
  leaveout::Server server(folder);
  leaveout::add_network_workloads(server);
  leaveout::add_retraining_workloads(server);
  leaveout::add_cnn_workloads(server);
  return server.run();
}

int bench(int argc, char** argv) {
  leaveout::Suite suite;
  leaveout::add_classifier_benchmarks(suite);
  leaveout::add_first_order_benchmarks(suite);
  leaveout::add_hessian_benchmarks(suite);
  leaveout::add_retraining_benchmarks(suite);
  leaveout::add_stacked_benchmarks(suite);
  leaveout::add_per_example_benchmarks(suite);
  leaveout::add_cnn_benchmarks(suite);
  leaveout::add_scaling_benchmarks(suite);
  leaveout::add_size_benchmarks(suite);
  leaveout::add_subset_benchmarks(suite);
  leaveout::add_trajectory_benchmarks(suite);
  return suite.run(argc, argv);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::string_view(argv[1]) == "--serve") return serve(argv[2]);
    return bench(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
