// SPDX-License-Identifier: MIT
#pragma once
// Our side of `make bench-peers`: a process that waits to be told what to compute, so that
// contenders in several languages can take turns. One line in, one line out:
//
//   version             g++ 12.2.0, Eigen 3.4.0, AVX512, FMA
//   load B1.gradient    ok main                  arrays, net.json, the result: FOLDER/B1.gradient
//   run main 100        0.19312 0.19301 100      seconds by the clock, of the processor; units done
//   quit
//
// A request that fails is answered by "error" and the reason. The end of the input ends the
// process, so that it never outlives its driver.
//
//   Server server("build/peers-work");
//   server.add("B1.gradient", [](const std::string& folder) { return Served{...}; });
//   return server.run();

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "autodiff/bench/problems.h"

namespace leaveout {

/// A workload that is ready to be timed. Functions keep alive what they use.
struct Served {
  std::function<void()> run;
  double units = 1;  // of the workload, done by one call
};

class Server {
 public:
  /// Sets a workload up, writes its arrays and our result into `folder`.
  using Make = std::function<Served(const std::string& folder)>;

  explicit Server(std::string folder) : folder_(std::move(folder)) {}
  void add(const std::string& name, Make make) { makers_[name] = std::move(make); }
  /// Speaks on stdin and stdout until "quit" or the end. Returns the exit status.
  int run();

 private:
  std::string answer(const std::string& line);
  std::string load(const std::string& name);
  std::string time(long calls) const;

  std::string folder_;
  std::map<std::string, Make> makers_;
  std::optional<Served> loaded_;
};

/// What net.json says beside the layers' blocks: names with texts, numbers, true or false.
using NetFacts = std::map<std::string, std::string>;

/// Writes x t (examples in rows), w theta direction, and net.json with the task, the blocks, what
/// kind of net it is, and `facts`.
void write_problem(const std::string& folder,
                   const Problem& problem,
                   const Blocks& blocks,
                   const std::string& task,
                   const NetFacts& facts = {});
/// Writes what the peers' results are compared with, matrices as they are.
void write_result(const std::string& folder, const Eigen::MatrixXd& result);

void add_network_workloads(Server& server);
void add_retraining_workloads(Server& server);
void add_cnn_workloads(Server& server);

}  // namespace leaveout
