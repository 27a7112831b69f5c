// Any bytes, cut anywhere: no crash, and the same requests as when they come at once, whether bodies are taken whole or
// as they come. The first byte says how the bytes are cut.
#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "http/request_reader.h"

namespace {

using graft::RequestReader;
using Stage = RequestReader::Stage;

constexpr std::size_t kMostBody = 2'000;

// Requests as they are found.
class Finder {
 public:
  // `pieces`: bodies are taken as they come.
  explicit Finder(bool pieces) : pieces_(pieces) {}

  void fill(std::string_view bytes) {
    const auto room = reader_.room();
    if (room.size() < bytes.size()) return fill_in_two(bytes, room.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    for (reader_.filled(bytes.size()); found(); reader_.next()) {
    }
  }
  bool refused() const { return reader_.stage() == Stage::refused; }
  std::string seen() const {
    return graft::text(seen_, "stage ", static_cast<int>(reader_.stage()), refused() ? reader_.refusal().body : "");
  }

 private:
  void fill_in_two(std::string_view bytes, std::size_t first) {
    if (first == 0) std::abort();
    fill(bytes.substr(0, first));
    if (!refused()) fill(bytes.substr(first));
  }

  // Whether a request is whole.
  bool found() {
    if (pieces_ && (reader_.stage() == Stage::body || reader_.stage() == Stage::whole)) take_piece();
    if (reader_.stage() != Stage::whole) return false;
    if (!pieces_) request_ = reader_.take();
    if (pieces_ && length_ && *length_ != request_.body.size()) std::abort();
    describe();
    begun_ = false;
    return true;
  }

  void take_piece() {
    if (!begun_) request_ = reader_.take_head();
    if (!begun_) length_ = reader_.body_length();
    begun_ = true;
    if (!request_.body.empty() && reader_.expects_continue()) std::abort();
    const graft::Bytes piece = reader_.take_body();
    request_.body.insert(request_.body.end(), piece.begin(), piece.end());
    if (length_ && request_.body.size() + reader_.body_left().value() != *length_) std::abort();
  }

  void describe() {
    if (!request_.path.starts_with('/') || request_.body.size() > kMostBody) std::abort();
    seen_ += request_.method + " " + request_.target + " " + request_.path;
    for (const auto& [name, value] : request_.query) seen_ += "&" + name + "=" + value;
    for (const auto& [name, value] : request_.headers) seen_ += "\n" + name + ": " + value;
    seen_ += reader_.keep_alive() ? "\n+" : "\n-";
    seen_ += graft::as_text(request_.body);
  }

  const bool pieces_;
  RequestReader reader_{300, kMostBody};
  bool begun_ = false;
  graft::Request request_;
  std::optional<std::uint64_t> length_;
  std::string seen_;
};

// All that is seen of the requests in `bytes`, in pieces of `piece` bytes.
std::string requests(std::string_view bytes, std::size_t piece, bool pieces) {
  Finder finder(pieces);
  while (!bytes.empty() && !finder.refused()) {
    const std::size_t size = std::min(piece, bytes.size());
    finder.fill(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return finder.seen();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = graft::as_text(std::as_bytes(std::span(data, size))).substr(1);
  const std::size_t piece = data[0] % 32 + 1;
  const std::string expected = requests(bytes, size, false);
  if (requests(bytes, piece, false) != expected) std::abort();
  if (requests(bytes, piece, true) != expected) std::abort();
  if (requests(bytes, size, true) != expected) std::abort();
  return 0;
}
