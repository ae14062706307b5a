// SPDX-License-Identifier: MIT
#include "models/bench/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <time.h>

#include <Eigen/Core>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "datasets/files.h"
#include "datasets/npy.h"

namespace leaveout {

namespace {

double now(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::string version() {
  return fmt::format("g++ {}, Eigen {}.{}.{}, {}",
                     __VERSION__,
                     EIGEN_WORLD_VERSION,
                     EIGEN_MAJOR_VERSION,
                     EIGEN_MINOR_VERSION,
                     Eigen::SimdInstructionSetsInUse());
}

}  // namespace

std::string Server::load(const std::string& name) {
  loaded_.reset();  // its memory first
  const auto maker = makers_.find(name);
  if (maker == makers_.end()) return "error no such workload";
  const std::string folder = folder_ + "/" + name;
  std::filesystem::create_directories(folder);
  loaded_ = maker->second(folder);
  return "ok main";
}

std::string Server::time(long calls) const {
  if (!loaded_) return "error nothing is loaded";
  const double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
  for (long c = 0; c < calls; ++c) loaded_->run();
  const double cpu_end = now(CLOCK_PROCESS_CPUTIME_ID), wall_end = now(CLOCK_MONOTONIC);
  return fmt::format(
      "{} {} {}", wall_end - wall, cpu_end - cpu, loaded_->units * static_cast<double>(calls));
}

std::string Server::answer(const std::string& line) {
  std::istringstream words(line);
  std::string verb, name;
  long calls = 0;
  words >> verb;
  try {
    if (verb == "version") return version();
    if (verb == "load" && words >> name) return load(name);
    if (verb == "run" && words >> name >> calls) return time(calls);
  } catch (const std::exception& error) {
    return fmt::format("error {}", error.what());
  }
  return fmt::format("error '{}' is no request", line);
}

int Server::run() {
  for (std::string line; std::getline(std::cin, line) && line != "quit";)
    std::cout << answer(line) << std::endl;
  return 0;
}

void write_problem(const std::string& folder,
                   const Problem& problem,
                   const Blocks& blocks,
                   const std::string& task,
                   const NetFacts& facts) {
  write_npy_examples_in_rows(folder + "/x.npy", problem.data->x);
  write_npy_examples_in_rows(folder + "/t.npy", problem.data->t);
  write_npy_vector(folder + "/w.npy", problem.data->w);
  write_npy_vector(folder + "/theta.npy", problem.theta);
  write_npy_vector(folder + "/direction.npy", problem.direction);
  std::vector<std::string> shapes;
  for (const auto& [out, in] : blocks) shapes.push_back(fmt::format("[{}, {}]", out, in));
  std::string json =
      fmt::format("{{\"task\": \"{}\", \"blocks\": [{}], \"relu\": {}, \"classifier\": {}",
                  task,
                  fmt::join(shapes, ", "),
                  problem.net.relu,
                  problem.net.classifier);
  for (const auto& [name, value] : facts) json += fmt::format(", \"{}\": {}", name, value);
  write_file(folder + "/net.json", json + "}\n");
}

void write_result(const std::string& folder, const Eigen::MatrixXd& result) {
  write_npy(folder + "/leaveout.main.npy", result);
}

}  // namespace leaveout
