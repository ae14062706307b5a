// SPDX-License-Identifier: MIT
// The test runner: doctest's own, with a plain closing line that any log reader understands.
//
//   build/leaveout_tests                        every test
//   build/leaveout_tests -tc='*leverage*'       the tests whose name matches
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

namespace {

/// Prints "N passed, N failed, N skipped" over test cases as the last line of a run.
struct ClosingLine final : doctest::IReporter {
  explicit ClosingLine(const doctest::ContextOptions& /*options*/) {}
  void report_query(const doctest::QueryData& /*data*/) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats& stats) override {
    const unsigned run = stats.numTestCasesPassingFilters;
    const unsigned failed = stats.numTestCasesFailed;
    std::printf(
        "%u passed, %u failed, %u skipped\n", run - failed, failed, stats.numTestCases - run);
  }
  void test_case_start(const doctest::TestCaseData& /*data*/) override {}
  void test_case_reenter(const doctest::TestCaseData& /*data*/) override {}
  void test_case_end(const doctest::CurrentTestCaseStats& /*stats*/) override {}
  void test_case_exception(const doctest::TestCaseException& /*e*/) override {}
  void subcase_start(const doctest::SubcaseSignature& /*s*/) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& /*data*/) override {}
  void log_message(const doctest::MessageData& /*data*/) override {}
  void test_case_skipped(const doctest::TestCaseData& /*data*/) override {}
};
REGISTER_LISTENER("closing_line", 1000, ClosingLine);

}  // namespace

int main(int argc, char** argv) {
  return doctest::Context(argc, argv).run();
}
