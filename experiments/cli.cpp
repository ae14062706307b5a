// SPDX-License-Identifier: MIT
#include "experiments/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <filesystem>
#include <new>
#include <ostream>
#include <stdexcept>
#include <thread>

#include "datasets/text.h"
#include "experiments/catalogue.h"
#include "experiments/claims.h"
#include "experiments/compare.h"
#include "experiments/figures.h"

namespace leaveout {
namespace {

constexpr int kMostThreads = 1024;

constexpr const char* kSummary =
    "What would the model have said, had this training example not been there?\n"
    "Exact answers by retraining, next to every estimate of them.";

constexpr const char* kExamples =
    "Examples:\n"
    "  leaveout run decomposition --preset quick\n"
    "      the five-term decomposition on the data that ships, in seconds\n"
    "  leaveout run decomposition --data cars.csv --target price --set model=mlp:32,32 "
    "damping=0.01\n"
    "      the same for a table of your own";

constexpr const char* kAuditExamples =
    "Example:\n"
    "  leaveout audit --data houses.csv --target price\n"
    "      prints the rows to look at first; results/houses/audit/standard/ then holds\n"
    "      audit.html (the flagged rows with their evidence) and audit.csv (every row)\n"
    "  leaveout audit --data houses.csv --target price --set model=linear missing=mean\n"
    "      with a model of your choice, and missing cells filled in\n"
    "All settings: leaveout list --settings audit";

/// The options of the command line, with the places that they are read into.
struct CommandLine {
  CommandLine();
  void add_common(CLI::App& command);
  void add_data(CLI::App& command);

  CLI::App app{kSummary, "leaveout"};
  CLI::App* list = nullptr;
  CLI::App* run = nullptr;
  CLI::App* audit = nullptr;
  CLI::App* figures = nullptr;
  CLI::App* compare = nullptr;
  CLI::App* claims = nullptr;
  std::string experiment;   // of `run`
  std::string settings_of;  // of `list`: the experiment, or empty
  Invocation invocation;
  std::string reference;    // of `compare`
  double tolerance = 1e-3;  // of `compare`
  bool write = false;       // of `compare`
};

int default_threads() {
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(cores, 1, kMostThreads);
}

CommandLine::CommandLine() {
  app.footer(kExamples);
  list = app.add_subcommand("list", "experiments, data sets, models and solvers, a line each");
  list->add_option("--settings", settings_of, "list the settings of this experiment instead")
      ->option_text("EXPERIMENT");

  run = app.add_subcommand("run", "run an experiment; results go to DIR/EXPERIMENT/PRESET");
  run->footer(kExamples);
  invocation.threads = default_threads();
  run->add_option("EXPERIMENT", experiment, "one of `leaveout list`")->option_text(" ")->required();
  add_data(*run);
  audit = app.add_subcommand(
      "audit", "your table's rows that are most likely mislabelled, harmful, rare or redundant");
  audit->footer(kAuditExamples);
  add_data(*audit);
  for (const char* const needed : {"--data", "--target"}) audit->get_option(needed)->required();

  figures = app.add_subcommand(
      "figures", "every figure of every experiment; what is done already is left as it is");
  compare = app.add_subcommand("compare", "the runs.csv of every experiment with a reference");
  compare->add_option("REFERENCE", reference, "a folder of EXPERIMENT.csv")
      ->option_text(" ")
      ->required();
  compare->add_option("--tolerance", tolerance, "in units of the largest number of a kind")
      ->option_text("X")
      ->check(CLI::PositiveNumber);
  compare->add_flag("--write", write, "makes the reference of these results instead");
  claims = app.add_subcommand("claims",
                              "what papers say, what was measured, and the verdicts, in Markdown");
  for (CLI::App* const each : {run, audit, figures, compare, claims}) add_common(*each);
}

/// Settings, and the user's own files.
void CommandLine::add_data(CLI::App& command) {
  command.add_option("--set", invocation.overrides, "over the preset's settings, for all tasks")
      ->option_text("key=value ...");
  command
      .add_option("--data", invocation.data, "your own table, with a header, for the named data")
      ->option_text("FILE.csv");
  command.add_option("--target", invocation.target, "the column of it to predict")
      ->option_text("COLUMN");
  command.add_option("--query", invocation.query, "held-out rows; default: some of the table's")
      ->option_text("FILE.csv");
}

/// What these subcommands have in common.
void CommandLine::add_common(CLI::App& command) {
  command.add_option("--preset", invocation.preset, "its settings; default: standard")
      ->option_text("quick|standard|paper");
  command.add_option("--out", invocation.out, "where results go; default: results")
      ->option_text("DIR");
  command.add_option("--threads", invocation.threads, "never changes a result; default: all cores")
      ->option_text("N")
      ->check(CLI::Range(1, kMostThreads));
  command.add_flag("--quiet", invocation.quiet, "files only: no progress, no tables");
}

void check_files(const CommandLine& line) {
  const Invocation& user = line.invocation;
  const bool data = line.run->count("--data") > 0;
  if (data && user.data.empty()) throw std::invalid_argument("[run] --data names no file");
  if (data && user.target.empty()) {
    throw std::invalid_argument(fmt::format(
        "[run] --data {} needs --target COLUMN, the column to predict", printable(user.data)));
  }
  for (const char* const option : {"--target", "--query"}) {
    if (line.run->count(option) > 0 && !data) {
      throw std::invalid_argument(fmt::format("[run] {} needs --data FILE.csv", option));
    }
  }
}

/// `leaveout audit` is `leaveout run audit` on a table, with results in a folder of its own.
Invocation audit_invocation(const CommandLine& line) {
  Invocation user = line.invocation;
  if (user.data.empty()) throw std::invalid_argument("[audit] --data names no file");
  user.out /= std::filesystem::path(user.data).stem();
  return user;
}

/// A quick preset makes tables, verdicts and figures that look like answers.
void say_what_quick_is(const Invocation& user, std::ostream& out) {
  if (user.preset == "quick" && !user.quiet)
    out << "quick is a smoke test, not an answer: --preset standard answers the question\n"
        << std::flush;
}

std::string settings_help(const Experiment& experiment) {
  return fmt::format("Settings of {} (--set key=value, or a line of its preset):\n{}",
                     experiment.name,
                     settings_table(experiment.settings));
}

std::string help(const CommandLine& line, const std::vector<Experiment>& experiments) {
  std::string text = line.app.help();  // of the subcommand, where there is one
  if (line.run->parsed() && !line.experiment.empty()) {
    text += "\n" + settings_help(find_experiment(experiments, line.experiment));
  }
  return text;
}

/// Fills `line`. Returns the text of --help where that is asked for.
std::string parse(std::vector<std::string> args,
                  const std::vector<Experiment>& experiments,
                  CommandLine& line) {
  std::reverse(args.begin(), args.end());  // the order that CLI11 takes
  try {
    line.app.parse(std::move(args));
  } catch (const CLI::CallForHelp&) {
    return help(line, experiments);
  } catch (const CLI::ParseError& error) {
    std::string which;
    for (const CLI::App* const sub : line.app.get_subcommands()) which = " " + sub->get_name();
    throw std::invalid_argument(fmt::format("{}; see leaveout{} --help", error.what(), which));
  }
  return {};
}

void execute(const std::vector<std::string>& args,
             std::ostream& out,
             const std::vector<Experiment>& experiments) {
  CommandLine line;
  const std::string text = parse(args, experiments, line);
  if (!text.empty()) {
    out << text;
  } else if (line.run->parsed()) {
    check_files(line);
    const Experiment& experiment = find_experiment(experiments, line.experiment);
    say_what_quick_is(line.invocation, out);
    experiment.run(line.invocation);
  } else if (line.audit->parsed()) {
    const Invocation user = audit_invocation(line);
    say_what_quick_is(user, out);
    find_experiment(experiments, "audit").run(user);
  } else if (line.figures->parsed()) {
    say_what_quick_is(line.invocation, out);
    run_figures(experiments, line.invocation, out);
  } else if (line.compare->parsed()) {
    compare_all(experiments, line.invocation, line.reference, line.tolerance, line.write, out);
  } else if (line.claims->parsed()) {
    out << claims_page(experiments, line.invocation);
  } else if (line.list->parsed()) {
    if (line.list->count("--settings") > 0) {
      out << settings_help(find_experiment(experiments, line.settings_of));
    } else {
      out << catalogue_text(experiments);
    }
  } else {
    out << line.app.help();
  }
  if (!out.flush()) throw std::runtime_error("[run] cannot write to the standard output");
}

/// One line, whatever the message holds.
void complain(std::ostream& err, std::string_view message) {
  err << "leaveout: " << printable(message, kWholeText) << '\n' << std::flush;
}

}  // namespace

int run_cli(const std::vector<std::string>& args,
            std::ostream& out,
            std::ostream& err,
            const std::vector<Experiment>& experiments) {
  try {
    execute(args, out, experiments);
    return kSuccess;
  } catch (const std::invalid_argument& error) {
    complain(err, error.what());
    return kUserError;
  } catch (const std::runtime_error& error) {
    complain(err, error.what());
    return kUserError;
  } catch (const std::bad_alloc&) {
    complain(err, "out of memory: take a smaller model, fewer examples or fewer --threads");
    return kUserError;
  } catch (const std::exception& error) {
    complain(err, fmt::format("internal error, please report it: {}", error.what()));
  } catch (...) {
    complain(err, "internal error, please report it: an exception of unknown type");
  }
  return kInternalError;
}

int run_cli(const std::vector<std::string>& args, std::ostream& out, std::ostream& err) {
  return run_cli(args, out, err, experiment_registry());
}

}  // namespace leaveout
