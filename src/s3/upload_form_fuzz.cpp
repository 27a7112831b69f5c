// Any bytes as a form: read, or refused with S3's error; what is read does not depend on how it was cut.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "s3/form.h"

namespace {

class Pieces : public graft::Exchange {
 public:
  Pieces(std::string_view body, std::size_t size) : body_(body), size_(size) {}
  const graft::Request& request() const override { return request_; }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  std::size_t read(std::span<std::byte> room) override {
    const std::size_t count = std::min({room.size(), size_, body_.size()});
    std::memcpy(room.data(), body_.data(), count);
    body_.remove_prefix(count);
    return count;
  }
  void answer(graft::Response) override {}

 private:
  graft::Request request_{};
  std::string_view body_;
  std::size_t size_;
};

// What the form says, or the error's code.
std::string read(std::string_view body, std::size_t size) {
  Pieces pieces(body, size);
  std::string seen;
  try {
    graft::s3::Form form(pieces, "multipart/form-data; boundary=b");
    for (const auto& [name, value] : form.fields()) seen += name + "=" + value + "\n";
    std::byte room[1000];
    while (const std::size_t count = form.read(room)) seen.append(reinterpret_cast<const char*>(room), count);
  } catch (const graft::Error& error) {
    if (error.code().empty()) std::abort();
    return error.code();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 10'000) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  if (read(body, 1) != read(body, size + 1)) std::abort();
  return 0;
}
