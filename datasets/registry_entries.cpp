// SPDX-License-Identifier: MIT
#include "datasets/registry_entries.h"

#include <fmt/format.h>

#include "datasets/byte_images.h"
#include "datasets/cifar10.h"
#include "datasets/idx.h"
#include "datasets/sha256.h"

namespace leaveout {

namespace {

constexpr const char* kCcBy = "CC BY 4.0";

// clang-format off: one entry, one paragraph
std::vector<DatasetInfo> shipped() {
  const DataFile diabetes = {"diabetes.csv",
                             "2d9516499b8b56e76cf361824b4608b0bef572b03e561ba3410ca4b4ce37b5d4"};
  const std::string efron =
      "B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Annals of Statistics 2004";
  const std::string efron_license = "as distributed with scikit-learn, BSD-3-Clause";
  return {{.name = "concrete",
           .task = Task::regression,
           .rows = 1030,
           .features = 8,
           .target = "strength",
           .description = "compressive strength of concrete from its mixture and age",
           .source = "I-C. Yeh, UCI Machine Learning Repository 165",
           .license = kCcBy,
           .files = {{"concrete.csv",
                      "cebe9b537c3752ae3d7e7e73c8292b146f669ff56e3a9fe9d6def61f9e08dd1f"}}},
          {.name = "breast_cancer",
           .task = Task::binary,
           .rows = 569,
           .features = 30,
           .target = "diagnosis",
           .description = "malignant or benign from measurements of cell nuclei (WDBC)",
           .source = "W. Wolberg, N. Street, O. Mangasarian, UCI Machine Learning Repository 17",
           .license = kCcBy,
           .files = {{"breast_cancer.csv",
                      "518936fa92ca3d8a78c420aee22030c4e519ffcba3be15dd23e83f2fc22e20e5"}}},
          {.name = "diabetes",
           .task = Task::regression,
           .rows = 442,
           .features = 10,
           .target = "progression",
           .description = "progression of diabetes a year after ten baseline measurements",
           .source = efron,
           .license = efron_license,
           .files = {diabetes}},
          {.name = "diabetes_high",
           .task = Task::binary,
           .rows = 442,
           .features = 10,
           .target = "progression",
           .description = "whether the progression of diabetes is above its median, 140.5",
           .source = efron,
           .license = efron_license,
           .format = DataFormat::csv_above_median,
           .files = {diabetes},
           .class_names = {"low", "high"}},
          {.name = "digits",
           .task = Task::multiclass,
           .rows = 1797,
           .features = 64,
           .target = "digit",
           .description = "handwritten digits, 8 x 8 pixels of 0 to 16 (optdigits, its test part)",
           .source = "E. Alpaydin, C. Kaynak, UCI Machine Learning Repository 80",
           .license = kCcBy,
           .files = {{"digits.csv",
                      "1a8c0ce573804cf39bc6fdc9a6cc8f23d15cbf27a72575c1ca5fac15163717d0"}},
           .image = {1, 8, 8, 16}}};
}

std::vector<DatasetInfo> tables() {
  return {
      {.name = "energy",
       .task = Task::regression,
       .rows = 768,
       .features = 8,
       .target = "heating_load",
       .description = "heating load of simulated buildings from their shape",
       .source = "A. Tsanas, A. Xifara, UCI Machine Learning Repository 242",
       .license = kCcBy,
       .format = DataFormat::blanks,
       .files = {{"energy.txt",
                  "7f8bf024cea437267d56be99b7af7bb3faebec8a7bccfbb20d06d52d9372a950"}},
       .columns = {"relative_compactness",
                   "surface_area",
                   "wall_area",
                   "roof_area",
                   "overall_height",
                   "orientation",
                   "glazing_area",
                   "glazing_area_distribution",
                   "heating_load"}},
      {.name = "yacht",
       .task = Task::regression,
       .rows = 308,
       .features = 6,
       .target = "residuary_resistance",
       .description = "residuary resistance of sailing yachts from hull shape and speed",
       .source = "J. Gerritsma, R. Onnink, A. Versluis, UCI Machine Learning Repository 243",
       .license = kCcBy,
       .format = DataFormat::blanks,
       .files = {{"yacht.txt", "00dfecc0fc01ddd4c90b558a3ac11b246df8ebcfea130724223475a9a67f0ea1"}},
       .columns = {"buoyancy_position",
                   "prismatic_coefficient",
                   "length_displacement_ratio",
                   "beam_draught_ratio",
                   "length_beam_ratio",
                   "froude_number",
                   "residuary_resistance"}},
      {.name = "kin8nm",
       .task = Task::regression,
       .rows = 8192,
       .features = 8,
       .target = "distance",
       .description = "distance of a robot arm's hand from a target, from eight joint angles",
       .source = "Delve, University of Toronto",
       .license = "as distributed by Delve",
       .format = DataFormat::blanks,
       .files = {{"kin8nm.txt",
                  "a694ce0c7a21390f2bd2a205c36f2482cd974637a207038696716e22f3bbe810"}},
       .columns = {"theta1",
                   "theta2",
                   "theta3",
                   "theta4",
                   "theta5",
                   "theta6",
                   "theta7",
                   "theta8",
                   "distance"}},
      {.name = "wine-quality-red",
       .task = Task::regression,
       .rows = 1599,
       .features = 11,
       .target = "quality",
       .description = "taste score of red wines from chemical measurements",
       .source = "P. Cortez and others, UCI Machine Learning Repository 186",
       .license = kCcBy,
       .format = DataFormat::blanks,
       .files = {{"wine-quality-red.txt",
                  "3ba41eaf4ab562088cf47b5c9dca2b4de2a330c3ee38a7920b4527a09574d5c1"}},
       .columns = {"fixed_acidity",
                   "volatile_acidity",
                   "citric_acid",
                   "residual_sugar",
                   "chlorides",
                   "free_sulfur_dioxide",
                   "total_sulfur_dioxide",
                   "density",
                   "ph",
                   "sulphates",
                   "alcohol",
                   "quality"}}};
}

/// How often each of 48 words and 6 characters occurs, in percent, and three numbers on capitals.
std::vector<std::string> spambase_columns() {
  std::vector<std::string> names;
  for (const char* word :
       {"make",       "address", "all",      "3d",      "our",    "over",      "remove",
        "internet",   "order",   "mail",     "receive", "will",   "people",    "report",
        "addresses",  "free",    "business", "email",   "you",    "credit",    "your",
        "font",       "000",     "money",    "hp",      "hpl",    "george",    "650",
        "lab",        "labs",    "telnet",   "857",     "data",   "415",       "85",
        "technology", "1999",    "parts",    "pm",      "direct", "cs",        "meeting",
        "original",   "project", "re",       "edu",     "table",  "conference"})
    names.push_back(fmt::format("word_{}", word));
  for (const char* character :
       {"semicolon", "parenthesis", "bracket", "exclamation", "dollar", "hash"})
    names.push_back(fmt::format("char_{}", character));
  for (const char* run : {"average", "longest", "total"})
    names.push_back(fmt::format("capitals_{}", run));
  names.emplace_back("class");
  return names;
}

DatasetInfo spambase() {
  return {.name = "spambase",
          .task = Task::binary,
          .rows = 4601,
          .features = 57,
          .target = "class",
          .description = "spam or ham from the words and characters of an e-mail",
          .source =
              "M. Hopkins, E. Reeber, G. Forman, J. Suermondt, UCI Machine Learning Repository 94",
          .license = kCcBy,
          .format = DataFormat::commas,
          .files = {{"spambase.data",
                     "b1ef93de71f97714d3d7d4f58fc9f718da7bbc8ac8a150eff2778616a8097b12"}},
          .columns = spambase_columns(),
          .class_names = {"ham", "spam"}};
}

std::vector<DatasetInfo> images() {
  const ImageSize grey = {1, 28, 28, kBrightestByte};
  return {{.name = "mnist",
           .task = Task::multiclass,
           .rows = 60000,
           .features = 784,
           .target = "digit",
           .description = "handwritten digits, 28 x 28 pixels of 0 to 255 (the training file)",
           .source = "Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits",
           .license = "CC BY-SA 3.0, as distributed with Keras",
           .format = DataFormat::idx,
           .files = {{"mnist/train-images-idx3-ubyte",
                      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
                     {"mnist/train-labels-idx1-ubyte",
                      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"}},
           .class_names = numbered_classes(10),
           .image = grey},
          {.name = "fashion_mnist",
           .task = Task::multiclass,
           .rows = 60000,
           .features = 784,
           .target = "article",
           .description = "articles of clothing, 28 x 28 pixels of 0 to 255 (the training file)",
           .source = "H. Xiao, K. Rasul, R. Vollgraf, Zalando Research 2017",
           .license = "MIT",
           .format = DataFormat::idx,
           .files = {{"fashion_mnist/train-images-idx3-ubyte",
                      "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"},
                     {"fashion_mnist/train-labels-idx1-ubyte",
                      "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"}},
           .class_names = fashion_classes(),
           .image = grey},
          {.name = "cifar10",
           .task = Task::multiclass,
           .rows = 50000,
           .features = 3072,
           .target = "object",
           .description =
               "animals and vehicles, 32 x 32 pixels in colours of 0 to 255 (the training batches)",
           .source = "A. Krizhevsky, Learning multiple layers of features from tiny images, 2009",
           .license = "none stated",
           .format = DataFormat::cifar10,
           .files = {{"cifar10/data_batch_1.bin",
                      "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"},
                     {"cifar10/data_batch_2.bin",
                      "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"},
                     {"cifar10/data_batch_3.bin",
                      "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"},
                     {"cifar10/data_batch_4.bin",
                      "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"},
                     {"cifar10/data_batch_5.bin",
                      "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"}},
           .class_names = cifar10_classes(),
           .image = {3, 32, 32, kBrightestByte}}};
}
// clang-format on

/// One hash for a set: its file's, or that of the lines `sha256sum FILES` prints for several.
std::string hash_of(const std::vector<DataFile>& files) {
  if (files.size() == 1) return files.front().sha256;
  std::string lines;
  for (const DataFile& file : files) lines += fmt::format("{}  {}\n", file.sha256, file.name);
  return sha256(lines);
}

}  // namespace

std::vector<DatasetInfo> registry_entries() {
  std::vector<DatasetInfo> all = shipped();
  for (DatasetInfo& info : all) info.ships = true;
  for (DatasetInfo& info : tables()) all.push_back(std::move(info));
  all.push_back(spambase());
  for (DatasetInfo& info : images()) all.push_back(std::move(info));
  for (DatasetInfo& info : all) info.sha256 = hash_of(info.files);
  return all;
}

}  // namespace leaveout
