// SPDX-License-Identifier: MIT
#pragma once

// CIFAR-10 in its binary version: records of 3073 bytes, a label of 0 to 9 and the planes of red,
// green and blue, 32 x 32 each, row by row. In a column of a data set the channels of a pixel lie
// side by side (ImageSize), so that with a pixel p of 1024 and a channel c of 3
//
//   input(3 p + c) = record(1 + 1024 c + p)
//
//   Dataset train = read_cifar10("cifar-10-batches-bin");                    // five batches
//   Dataset test = read_cifar10_files({"cifar-10-batches-bin/test_batch.bin"});
//   test.image == ImageSize{3, 32, 32, 255}

#include <string>
#include <string_view>
#include <vector>

#include "datasets/byte_images.h"

namespace leaveout {

/// "airplane" to "truck".
std::vector<std::string> cifar10_classes();

/// Appends the records of one payload to `images`; the path is for messages only. Throws
/// std::invalid_argument ("[cifar10] ...", one line), and leaves `images` as it was, for no bytes,
/// a length that is no multiple of 3073 and a label above 9.
void append_cifar10(std::string_view payload, const std::string& path, ByteImages& images);

/// Reads files of records, as they are or packed by gzip, one after the other. Throws
/// std::invalid_argument, one line, for no files and what `read_payload` and `append_cifar10`
/// refuse.
Dataset read_cifar10_files(const std::vector<std::string>& paths);

/// Reads data_batch_1.bin to data_batch_5.bin of a folder, the 50000 images to train on: 1.2 GB.
/// `load_dataset` reads some of them. Throws std::invalid_argument if a batch is missing.
Dataset read_cifar10(const std::string& folder);

}  // namespace leaveout
