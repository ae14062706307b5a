// SPDX-License-Identifier: MIT
#include "experiments/audit/audit_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <numeric>
#include <stdexcept>

#include "datasets/csv.h"
#include "datasets/csv_table.h"
#include "datasets/files.h"
#include "datasets/noise.h"
#include "datasets/random.h"
#include "datasets/registry.h"
#include "datasets/sha256.h"
#include "datasets/text.h"

namespace leaveout {

using Eigen::MatrixXd;

namespace {

constexpr std::size_t kShownGaps = 5;

/// A column without any value costs every row its place, or is filled with nothing to go by.
std::string empty_columns_text(const AuditData& data) {
  if (data.empty.empty()) return {};
  return fmt::format(": column '{}' has no value in any row, remove it", printable(data.empty[0]));
}

std::string_view bytes(const MatrixXd& m) {
  return {reinterpret_cast<const char*>(m.data()),
          static_cast<std::size_t>(m.size()) * sizeof(double)};
}

void require_rows(const AuditData& data, Index rows) {
  if (rows >= kLeastRows) return;
  throw std::invalid_argument(fmt::format(
      "[audit] rows, expected at least {}, got {}{}",
      kLeastRows,
      rows,
      data.left_out.empty() ? std::string(": give more rows")
      : !data.empty.empty()
          ? empty_columns_text(data)
          : fmt::format(" without missing cells and {} with ({}): fill them in, or --set "
                        "missing=mean",
                        data.left_out.size(),
                        data.left_out.front().text())));
}

/// The mean of a column's cells that are there, as text; "0" where none is.
std::string mean_text(const CsvTable& table, Index column) {
  double sum = 0;
  Index count = 0;
  for (Index row = 0; row < table.rows(); ++row) {
    if (table.is_missing(row, column)) continue;
    sum += table.number(row, column, "encode the column as numbers, or remove it");
    ++count;
  }
  return count == 0 ? "0" : fmt::format("{}", sum / static_cast<double>(count));
}

bool is_empty(const CsvTable& table, Index column) {
  for (Index row = 0; row < table.rows(); ++row)
    if (!table.is_missing(row, column)) return false;
  return table.rows() > 0;
}

struct Gap {
  std::size_t cell;  // of the table that is kept
  Index column;
};

/// Adds a row's missing cells to the gaps. Returns the column that costs the row its place, if one
/// does; the others' gaps are to be filled.
std::optional<Index> note_gaps(const CsvTable& table,
                               Index row,
                               Index target,
                               const std::string& missing,
                               const CsvTable& kept,
                               std::vector<Gap>& gaps) {
  std::optional<Index> fatal;
  const std::size_t before = gaps.size();
  for (Index j = 0; j < table.columns(); ++j) {
    if (!table.is_missing(row, j)) continue;
    if (missing == "refuse")
      table.refuse(row, j, "the cell has no value: fill it in, or --set missing=drop or mean");
    if (!fatal && (missing == "drop" || j == target)) fatal = j;
    gaps.push_back({kept.cells.size() + static_cast<std::size_t>(j), j});
  }
  if (fatal) gaps.resize(before);
  return fatal;
}

/// Puts the columns' means into the gaps. The cells point into the old text and into the means.
void fill(const CsvTable& table, const std::vector<Gap>& gaps, CsvTable& kept) {
  struct Texts {
    std::shared_ptr<const std::string> table;
    std::map<Index, std::string> means;
  };
  const auto texts = std::make_shared<Texts>();
  texts->table = table.storage;
  for (const Gap& gap : gaps) {
    std::string& mean = texts->means[gap.column];
    if (mean.empty()) mean = mean_text(table, gap.column);
    kept.cells[gap.cell] = mean;
  }
  kept.storage = std::shared_ptr<const std::string>(texts, texts->table.get());
}

/// The rows without a gap, or all that have a target with column means in their gaps; what was
/// missing is noted in `data`.
CsvTable without_gaps(const CsvTable& table,
                      const std::string& target,
                      const std::string& missing,
                      AuditData& data) {
  const Index y = table.column(target);
  CsvTable kept{table.path, table.header, {}, {}, {}};
  for (Index j = 0; j < table.columns(); ++j)
    if (j != y && is_empty(table, j))
      data.empty.push_back(table.header[static_cast<std::size_t>(j)]);
  std::vector<Gap> gaps;
  for (Index row = 0; row < table.rows(); ++row) {
    const std::optional<Index> fatal = note_gaps(table, row, y, missing, kept, gaps);
    if (fatal) {
      data.left_out.push_back({row, table.header[static_cast<std::size_t>(*fatal)]});
      continue;
    }
    for (Index j = 0; j < table.columns(); ++j) kept.cells.push_back(table.cell(row, j));
    kept.lines.push_back(table.lines[static_cast<std::size_t>(row)]);
    data.rows.push_back(row);
  }
  fill(table, gaps, kept);
  for (std::size_t k = 0; k < std::min(gaps.size(), kShownGaps); ++k) {
    const auto columns = static_cast<std::size_t>(table.columns());
    data.gaps.push_back(LeftOut{data.rows[gaps[k].cell / columns],
                                table.header[static_cast<std::size_t>(gaps[k].column)]}
                            .text());
  }
  data.filled = static_cast<Index>(gaps.size());
  return kept;
}

void read_own_file(const TaskSettings& s, const std::string& missing, AuditData& data) {
  std::string text = read_file(s.csv);
  std::string hash = sha256(text);
  CsvOptions csv;
  csv.target = s.target;
  csv.task = s.task;
  const CsvTable table = parse_csv(std::move(text), s.csv);
  const CsvTable kept = without_gaps(table, s.target, missing, data);
  require_rows(data, kept.rows());
  data.table = dataset_from_table(kept, csv, std::move(hash));
  if (!s.image.empty() && s.image.size() != data.table.features())
    throw std::invalid_argument(fmt::format(
        "[audit] image, expected as many pixels and channels as the file has features, {}, got {}",
        data.table.features(),
        s.image.size()));
  data.table.image = s.image;
  if (!s.query_csv.empty()) data.query = read_query(s.query_csv, data.table, csv);
}

void read_named(const TaskSettings& s, AuditData& data) {
  data.table = load_dataset(
      s.data, {.fraction = s.data_fraction, .seed = s.seed, .downsample = s.downsample});
  data.rows.resize(static_cast<std::size_t>(data.table.size()));
  std::iota(data.rows.begin(), data.rows.end(), Index{0});
}

void plant(const TaskSettings& s, AuditData& data) {
  data.planted.assign(static_cast<std::size_t>(data.size()), false);
  if (s.label_noise <= 0) return;
  std::vector<Index> wrong;
  if (data.classes()) {
    NoisyLabels noisy = corrupt_labels(data.table, s.label_noise, s.seed);
    data.table = std::move(noisy.dataset);
    wrong = std::move(noisy.changed);
  } else {
    wrong = plant_target_errors(data.table, s.label_noise, s.seed);
  }
  for (const Index i : wrong) data.planted[static_cast<std::size_t>(i)] = true;
}

/// Columns of one value, and rows that are another row over again.
void find_repetitions(AuditData& data) {
  const Dataset& d = data.table;
  for (Index j = 0; j < d.features(); ++j)
    if (d.inputs.row(j).maxCoeff() == d.inputs.row(j).minCoeff())
      data.constant.push_back(d.feature_names[static_cast<std::size_t>(j)]);
  data.kinds = kinds_of(d.inputs);
  data.copy_of.assign(static_cast<std::size_t>(d.size()), -1);
  if (data.kinds.are_few()) return;
  MatrixXd cells(d.features() + d.outputs(), d.size());
  cells << d.inputs, d.targets;
  const Kinds same = kinds_of(cells);
  std::vector<Index> first(static_cast<std::size_t>(same.count), -1);
  for (std::size_t i = 0; i < same.of.size(); ++i) {
    Index& of_kind = first[static_cast<std::size_t>(same.of[i])];
    data.copy_of[i] = of_kind;
    if (of_kind < 0) of_kind = static_cast<Index>(i);
  }
}

/// Values that a linear model is at the mercy of, the farthest of each column.
void find_far_values(AuditData& data) {
  constexpr double kFar = 10;  // deviations
  const Dataset& d = data.table;
  for (Index j = 0; j < d.features(); ++j) {
    const Eigen::RowVectorXd centred = d.inputs.row(j).array() - d.inputs.row(j).mean();
    const double deviation = std::sqrt(centred.squaredNorm() / static_cast<double>(d.size()));
    Index at = 0;
    const double farthest = centred.cwiseAbs().maxCoeff(&at);
    if (deviation > 0 && farthest > kFar * deviation && data.far.size() < kShownGaps)
      data.far.push_back(fmt::format("column '{}' at row {} is {:.0f} deviations from its mean",
                                     printable(d.feature_names[static_cast<std::size_t>(j)]),
                                     data.rows[static_cast<std::size_t>(at)],
                                     farthest / deviation));
  }
}

void scale(const TaskSettings& s, AuditData& data) {
  data.standardizer = Standardizer::fit(data.table);
  if (!s.standardize) {
    data.standardizer.input_mean.setZero();
    data.standardizer.input_scale.setOnes();
    data.standardizer.target_mean.setZero();
    data.standardizer.target_scale.setOnes();
  }
  data.scaled = data.standardizer.apply(data.table);
  if (data.query) data.query = data.standardizer.apply(*data.query);
  Sha256 hash;
  for (const Dataset* d : {&data.scaled, data.query ? &*data.query : nullptr}) {
    if (!d) continue;
    hash.update(fmt::format("{} {}x{} ", task_name(d->task), d->features(), d->size()));
    hash.update(bytes(d->inputs));
    hash.update(bytes(d->targets));
  }
  data.key = hash.finish();
}

}  // namespace

Kinds kinds_of(const MatrixXd& columns) {
  Kinds kinds;
  std::map<std::string, Index> seen;
  for (Index i = 0; i < columns.cols(); ++i) {
    const MatrixXd cells = columns.col(i).array() + 0.0;  // minus zero is zero
    const auto [found, is_new] = seen.emplace(std::string(bytes(cells)), kinds.count);
    kinds.count += is_new ? 1 : 0;
    kinds.of.push_back(found->second);
  }
  return kinds;
}

std::string LeftOut::text() const {
  return fmt::format("row {}, column '{}'", row, printable(column));
}

std::vector<Index> plant_target_errors(Dataset& data, double share, std::uint64_t seed) {
  const double mean = data.targets.mean();
  const double deviation = std::sqrt((data.targets.array() - mean).square().mean());
  std::vector<Index> wrong = Random(seed, {0x706c616e74 /* "plant" */}).permutation(data.size());
  wrong.resize(static_cast<std::size_t>(std::lround(share * static_cast<double>(data.size()))));
  std::sort(wrong.begin(), wrong.end());
  for (const Index i : wrong) {
    Random random(seed, {0x7368696674 /* "shift" */, static_cast<std::uint64_t>(i)});
    const double size = 3 + 3 * random.uniform();
    data.targets(0, i) += (random.uniform() < 0.5 ? -size : size) * deviation;
  }
  return wrong;
}

AuditData load_audit_data(const TaskSettings& s, const std::string& missing) {
  if (s.task == Task::reconstruction)
    throw std::invalid_argument(
        "[audit] task, expected regression, binary or multiclass, got reconstruction: an audit is "
        "about a target column");
  AuditData data;
  if (s.csv.empty())
    read_named(s, data);
  else
    read_own_file(s, missing, data);
  require_rows(data, data.size());
  plant(s, data);
  find_repetitions(data);
  if (!s.csv.empty()) find_far_values(data);
  scale(s, data);
  return data;
}

}  // namespace leaveout
