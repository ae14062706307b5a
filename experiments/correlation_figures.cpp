// SPDX-License-Identifier: MIT
// Figures of the correlation experiment.
#include "experiments/correlation_report.h"
#include "experiments/support/decomposition_figure.h"

namespace leaveout {

void draw(const std::vector<CorrelationResult>& done, const std::filesystem::path& folder) {
  std::vector<ScatterPanel> panels;
  for (const CorrelationResult& r : done) {
    const CorrelationPart& part = r.parts.front();
    for (const Truth& t : part.truths) {
      const ScoredEstimate& e = part.estimates.front();
      const AgreementCell& c = part.cell(t.kind, e.name);
      panels.push_back({r.settings.name,
                        truth_title(t.kind),
                        e.scores.colwise().mean().transpose(),
                        t.change.colwise().mean().transpose(),
                        c.mean_loss.pearson.value,
                        c.mean_loss.spearman.value});
    }
  }
  write_decomposition_figures(folder, {}, panels);
}

}  // namespace leaveout
