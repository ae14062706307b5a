// SPDX-License-Identifier: MIT
// Models from their texts: a name, numbers after ':', and for some more numbers after '/'.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstdint>
#include <stdexcept>

#include "datasets/registry.h"
#include "models/architecture.h"

namespace leaveout {

namespace {

enum class Dense { none, optional, one };  // numbers after '/'

struct Grammar {
  const char* name;
  Family family;
  std::vector<Index> hidden, dense;  // what the name alone stands for
  Dense takes;
  const char* form;
  const char* summary;
};

const std::vector<Grammar>& grammars() {
  static const std::vector<Grammar> all = {
      {"mlp",
       Family::mlp,
       {32, 32},
       {},
       Dense::none,
       "mlp:W1,W2,...",
       "a network with hidden layers of these widths, for any task"},
      {"lenet",
       Family::lenet,
       {8, 16},
       {},
       Dense::optional,
       "lenet:C1,.../W1,...",
       "convolution and pooling for each number of channels, then dense layers; of images"},
      {"resnet",
       Family::resnet,
       {8, 16},
       {},
       Dense::none,
       "resnet:C1,C2,...",
       "a residual block for each number of channels, without batch normalisation; of images"},
      {"autoencoder",
       Family::autoencoder,
       {32, 8},
       {},
       Dense::none,
       "autoencoder:W1,...",
       "dense layers to a linear code, the last width, and back; for task=reconstruction"},
      {"conv_autoencoder",
       Family::conv_autoencoder,
       {4, 8},
       {16},
       Dense::one,
       "conv_autoencoder:C1,.../W",
       "convolutions to a linear code of W numbers and back; of images, for task=reconstruction"}};
  return all;
}

bool for_task(const Grammar& g, Task task) {
  const bool encodes = g.family == Family::autoencoder || g.family == Family::conv_autoencoder;
  return task == Task::reconstruction || !encodes;
}

bool wants_images(Family family) {
  return family == Family::lenet || family == Family::resnet || family == Family::conv_autoencoder;
}

std::string example(const Grammar& g) {
  return fmt::format("{}:{}{}{}",
                     g.name,
                     fmt::join(g.hidden, ","),
                     g.dense.empty() ? "" : "/",
                     fmt::join(g.dense, ","));
}

/// Numbers between commas; none where the text holds anything else, or nothing.
std::vector<Index> parse_numbers(std::string_view text) {
  std::vector<Index> numbers;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end) {
    Index number = 0;
    const auto [next, error] = std::from_chars(at, end, number);
    const bool separated = next == end || (*next == ',' && next + 1 < end);
    if (error != std::errc() || number < 1 || number > 1'000'000 || !separated) return {};
    numbers.push_back(number);
    at = next == end ? end : next + 1;
  }
  return numbers;
}

/// The numbers behind "NAME:".
void read_numbers(const Grammar& g, std::string_view numbers, ModelSpec& spec) {
  const std::size_t slash = g.takes == Dense::none ? std::string_view::npos : numbers.find('/');
  const bool divided = slash != std::string_view::npos;
  spec.hidden = parse_numbers(numbers.substr(0, slash));
  spec.dense = divided ? parse_numbers(numbers.substr(slash + 1)) : std::vector<Index>();
  const bool one = g.takes == Dense::one;
  if (spec.hidden.empty() || (divided && spec.dense.empty()) || (one && spec.dense.size() != 1))
    throw std::invalid_argument(
        fmt::format("[model] widths, expected positive whole numbers as in {}, got '{}'",
                    example(g),
                    spec.name));
}

[[noreturn]] void refuse(const std::string& text, Task task) {
  std::vector<std::string> known;
  if (task != Task::reconstruction) known.push_back(plain_model(task));
  for (const Grammar& g : grammars())
    if (for_task(g, task)) known.emplace_back(g.form);
  throw std::invalid_argument(fmt::format("[model] model, expected {} for a {} task, got '{}'{}",
                                          fmt::join(known, ", "),
                                          task_name(task),
                                          text,
                                          text.find("autoencoder") == std::string::npos
                                              ? ""
                                              : ": autoencoders are for task=reconstruction"));
}

/// Reads "NAME", "NAME:..." or "NAME_ln:..."; false where the text is none of them.
bool read(const std::string& text, Task task, ModelSpec& spec) {
  const std::size_t colon = text.find(':');
  std::string name = text.substr(0, colon);
  spec.layer_norm = name.ends_with("_ln");
  if (spec.layer_norm) name.resize(name.size() - 3);
  for (const Grammar& g : grammars()) {
    if (name != g.name || !for_task(g, task)) continue;
    spec.family = g.family;
    spec.hidden = g.hidden;
    spec.dense = g.dense;
    if (colon == std::string::npos) return true;
    if (colon + 1 == text.size()) return false;
    read_numbers(g, std::string_view(text).substr(colon + 1), spec);
    return true;
  }
  return false;
}

void require_image(const ModelSpec& spec) {
  if (!wants_images(spec.family) || spec.image.size() > 0) return;
  std::vector<std::string> names;
  for (const DatasetInfo& info : dataset_registry())
    if (!info.image.empty()) names.push_back(info.name);
  throw std::invalid_argument(fmt::format(
      "[model] model, {} is a network of images and these data have none: use a data set of images "
      "({}), or say which image the columns of a file are, as in image=8x8",
      spec.name,
      fmt::join(names, ", ")));
}

}  // namespace

std::string plain_model(Task task) {
  switch (task) {
    case Task::regression:
      return "linear";
    case Task::binary:
      return "logistic";
    case Task::reconstruction:
      return "autoencoder";
    default:
      return "softmax";
  }
}

const std::vector<ModelForm>& model_forms() {
  static const std::vector<ModelForm> all = [] {
    std::vector<ModelForm> forms;
    for (const Grammar& g : grammars()) {
      forms.push_back({g.form, example(g), g.summary});
      if (g.family == Family::mlp)
        forms.push_back(
            {"mlp_ln:W1,W2,...",
             "mlp_ln:32,32",
             "layer normalisation before each activation; lenet_ln:... and so on likewise"});
    }
    return forms;
  }();
  return all;
}

ModelSpec parse_model(
    const std::string& text, Task task, Index features, Index outputs, const ImageShape& image) {
  ModelSpec spec;
  spec.name = text;
  spec.inputs = features;
  spec.outputs = outputs;
  spec.image = image;
  spec.loss = loss_of_task(task);
  if (!read(text, task, spec) && text != plain_model(task)) refuse(text, task);
  require_image(spec);
  architecture(spec);  // throws where the numbers do not fit
  return spec;
}

ModelSpec parse_model(const std::string& text, const Dataset& data) {
  return parse_model(text,
                     data.task,
                     data.features(),
                     data.outputs(),
                     {data.image.channels, data.image.height, data.image.width});
}

}  // namespace leaveout
