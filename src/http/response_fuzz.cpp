// Any bytes as an answer, cut anywhere: no crash, and the same answer as when they come at once. The first byte says
// how they are cut, and whether the request was HEAD.
#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "http/response_reader.h"

namespace {

std::string seen(std::string_view bytes, std::size_t piece, bool to_head) {
  graft::ResponseReader reader(300, 2'000, to_head);
  try {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) reader.take(bytes.substr(0, piece));
    reader.end();
  } catch (const graft::Error& error) {
    return error.code();
  }
  const bool keep_alive = reader.keep_alive();
  const graft::ClientAnswer answer = reader.answer();
  if (answer.status < 200 || answer.body.size() > 2'000) std::abort();
  std::string all = graft::text(answer.status, keep_alive ? "+" : "-");
  for (const auto& [name, value] : answer.headers) all += "\n" + name + ": " + value;
  return all + "\n\n" + answer.body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = graft::as_text(std::as_bytes(std::span(data, size))).substr(1);
  const bool to_head = data[0] >= 128;
  if (seen(bytes, data[0] % 32 + 1, to_head) != seen(bytes, size, to_head)) std::abort();
  return 0;
}
