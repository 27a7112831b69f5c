#include "runner/log_text.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/json.h"

namespace graft {
namespace {

constexpr std::size_t kMaxLine = 64 << 10;

}  // namespace

std::string valid_utf8(std::string text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
  if (plain) return text;
  // The JSON library is the one place that knows UTF-8; it replaces what is not, as it must when it writes.
  return Json::parse(Json(text).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

bool says_disk_is_full(std::string_view words) {
  return words.find(std::strerror(ENOSPC)) != std::string_view::npos;
}

std::vector<std::string> take_lines(std::string& pending, bool all) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  const auto take = [&](std::size_t length, std::size_t skipped) {
    std::string line = pending.substr(begin, length);
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(valid_utf8(std::move(line)));
    begin += length + skipped;
  };
  for (;;) {
    const std::size_t end = pending.find('\n', begin);
    const std::size_t length = (end == std::string::npos ? pending.size() : end) - begin;
    if (length > kMaxLine) {
      take(kMaxLine, 0);
    } else if (end != std::string::npos) {
      take(length, 1);
    } else {
      if (all && length > 0) take(length, 0);
      break;
    }
  }
  pending.erase(0, begin);
  return lines;
}

}  // namespace graft
