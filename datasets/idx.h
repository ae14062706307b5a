// SPDX-License-Identifier: MIT
#pragma once

// IDX files, the format of MNIST and Fashion-MNIST: one file of images, one of labels, each as it
// is or packed by gzip.
//
//   images   00 00 08 03, then the numbers of images, of rows and of columns, then a byte a pixel
//   labels   00 00 08 01, then the number of labels, then a byte a label
//
// The numbers are 32-bit, most significant byte first.
//
//   Dataset test = read_idx("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte");
//   Dataset fashion = read_idx("images.gz", "labels.gz", fashion_classes());
//   test.image == ImageSize{1, 28, 28, 255}

#include <string>
#include <string_view>
#include <vector>

#include "datasets/byte_images.h"

namespace leaveout {

/// The ten classes of Fashion-MNIST, "t-shirt" to "ankle boot".
std::vector<std::string> fashion_classes();

/// Images and labels of two payloads; the paths are for messages only. Throws
/// std::invalid_argument ("[idx] ...", one line) for another magic number, images without pixels,
/// a file that is too short or too long for what it says it holds, unequal numbers of images and
/// labels, no images, and a label that is not below `classes`.
ByteImages parse_idx(std::string images,
                     std::string_view labels,
                     const std::string& images_path,
                     const std::string& labels_path,
                     Eigen::Index classes = 256);

/// Reads two files. Without names the classes are "0" up to the largest label.
/// Throws std::invalid_argument, one line, for what `read_payload` and `parse_idx` refuse, and for
/// labels of one class only.
Dataset read_idx(const std::string& images_path,
                 const std::string& labels_path,
                 const std::vector<std::string>& class_names = {});

}  // namespace leaveout
