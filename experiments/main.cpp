// SPDX-License-Identifier: MIT
// The program: see experiments/cli.h.
//
// SIGINT and SIGTERM keep their default action. Results and shards are renamed into place when they
// are whole, so a program that is stopped leaves what was there before.
#include <iostream>

#include "experiments/cli.h"

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + (argc > 0 ? 1 : 0), argv + argc);
  return leaveout::run_cli(args, std::cout, std::cerr);
}
