// SPDX-License-Identifier: MIT
#include "datasets/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "datasets/files.h"
#include "datasets/text.h"

namespace leaveout {

namespace {

constexpr std::size_t kPiece = std::size_t{1} << 18;

/// One zlib stream, ended with the scope.
class Inflater {
 public:
  Inflater() : ready_(::inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK) {}  // 16: gzip only
  ~Inflater() {
    if (ready_) ::inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_ = {};
  bool ready_;
};

/// Appends the payload of the member at the front of `bytes` and removes the member. Returns why
/// it cannot, or nullptr.
const char* take_member(std::string_view& bytes, std::size_t largest, std::string& payload) {
  Inflater inflater;
  if (!inflater.ready()) return "there is no memory to unpack it";
  z_stream& stream = inflater.stream();
  std::vector<char> piece(kPiece);
  for (int status = Z_OK; status != Z_STREAM_END;) {
    const std::size_t input = std::min(bytes.size(), kPiece);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(input);
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = piece.size() - stream.avail_out;
    bytes.remove_prefix(input - stream.avail_in);
    if (made > largest - payload.size()) return "it unpacks to more than can be read";
    payload.append(piece.data(), made);
    if (status == Z_BUF_ERROR || (status == Z_OK && made == 0 && bytes.empty()))
      return "the compressed data end early";
    if (status != Z_OK && status != Z_STREAM_END) return "the compressed data are damaged";
  }
  return nullptr;
}

}  // namespace

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b");
}

std::string gunzip(std::string_view bytes,
                   const std::string& path,
                   std::string_view area,
                   std::size_t largest) {
  std::string payload;
  const auto refuse = [&](const char* why) {
    throw std::invalid_argument(
        fmt::format("[{}] {}: {}; fetch the file again", area, printable(path, kWholeText), why));
  };
  if (!is_gzip(bytes)) refuse("it is no gzip file");
  while (!bytes.empty()) {
    if (!is_gzip(bytes)) refuse("bytes follow the end of the compressed data");
    if (const char* const why = take_member(bytes, largest, payload)) refuse(why);
  }
  return payload;
}

std::string read_payload(const std::string& path, std::string_view area) {
  std::string bytes = read_file(path);
  return is_gzip(bytes) ? gunzip(bytes, path, area) : bytes;
}

}  // namespace leaveout
