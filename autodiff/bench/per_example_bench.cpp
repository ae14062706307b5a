// SPDX-License-Identifier: MIT
// B6: gradients of each example of a classifier: all of them, their Gram matrix, their norms.
#include <memory>

#include "autodiff/bench/hand_per_example.h"
#include "autodiff/bench/problems.h"
#include "autodiff/bench/suite.h"
#include "autodiff/memory.h"
#include "autodiff/per_example.h"

namespace leaveout {

namespace {

struct Lab {
  Problem problem = make_problem(kClassifier, 256);
  Workspace<double> ws{problem.program, 256};
  HandMlp hand{kClassifier, 256};
  PerExample<double> factors;
  std::vector<HandMlp::Factors> hand_factors;
  Matrix<double> all, hand_all;    // (P x N)
  Matrix<double> gram, hand_gram;  // (N x N)
  Vector<double> norms, hand_norms, g;

  Lab() : all(problem.theta.size(), 256), hand_all(all.rows(), 256), g(all.rows()) {
    problem.data->w.setOnes();
    for (Matrix<double>* kept : {&all, &hand_all})  // so that neither depends on where pages lie
      prefer_large_pages(kept->data(), static_cast<std::size_t>(kept->size()) * sizeof(double));
  }
  void differentiate() { factors = per_example_gradients(ws, problem.batch, problem.theta); }
  void differentiate_by_hand() {
    hand.gradient(problem.theta, *problem.data, g);
    hand_factors = hand.factors(*problem.data);
  }
  void materialise() { leaveout::materialise<double>(factors, all); }
  void materialise_by_hand() { hand_materialise(hand_factors, g.size(), hand_all); }
};

/// The contractions are timed with the factors there; "everything" starts from theta. Gradients go
/// to memory that is kept, on both sides.
Race per_example() {
  const auto lab = std::make_shared<Lab>();
  std::vector<Contender> contenders = {
      {"everything", [lab] { lab->differentiate(), lab->materialise(); }},
      {"hand_everything", [lab] { lab->differentiate_by_hand(), lab->materialise_by_hand(); }},
      {"all", [lab] { lab->materialise(); }},
      {"hand_all", [lab] { lab->materialise_by_hand(); }},
      {"gram", [lab] { lab->gram = gram(lab->factors, lab->factors); }},
      {"hand_gram", [lab] { hand_gram(lab->hand_factors, lab->hand_gram); }},
      {"norms", [lab] { lab->norms = squared_norms(lab->factors); }},
      {"hand_norms", [lab] { hand_norms(lab->hand_factors, lab->hand_norms); }}};
  for (const Contender& c : contenders) c.run();
  const auto equal = [](const char* what, const auto& ours, const auto& hand) {
    require_equal(what, ours.data(), hand.data(), hand.size());
  };
  equal("per-example gradients", lab->all, lab->hand_all);
  equal("Gram matrix", lab->gram, lab->hand_gram);
  equal("norms", lab->norms, lab->hand_norms);
  return Race(std::move(contenders));
}

}  // namespace

void add_per_example_benchmarks(Suite& suite) {
  const std::string net = net_title(kClassifier) + ", N=256: ";
  suite.add("B6_per_example",
            per_example,
            6.0,
            {{"B6", net + "from theta", "everything", "hand_everything", ""},
             {"B6", net + "all", "all", "hand_all", "<= 12 ms", "", 12e-3},
             {"B6", net + "Gram", "gram", "hand_gram", "<= 3 ms", "", 3e-3},
             {"B6", net + "Gram", "gram", "hand_gram", "<= 1/4 of all", "all", 0.25},
             {"B6", net + "norms", "norms", "hand_norms", "<= 0.1 ms", "", 1e-4}});
}

}  // namespace leaveout
