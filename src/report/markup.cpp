#include "report/markup.h"

#include <cmath>

namespace graft {
std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string decimal(double number, int digits) {
  return std::isfinite(number) ? fmt::format("{:.{}f}", number, digits) : "–";
}

std::string percent(double share, int digits) {
  return std::isfinite(share) ? decimal(share * 100, digits) + "\u00a0%" : "–";
}

std::string grouped(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string duration(double seconds) {
  if (!std::isfinite(seconds)) return "–";
  if (seconds < 9.95) return decimal(seconds, seconds < 0.0995 ? 2 : 1) + "\u00a0s";
  const auto whole = static_cast<std::uint64_t>(std::lround(seconds));
  if (whole < 60) return fmt::format("{}\u00a0s", whole);
  if (whole < 3600) return fmt::format("{}\u00a0min\u00a0{:02}\u00a0s", whole / 60, whole % 60);
  return fmt::format("{}\u00a0h\u00a0{:02}\u00a0min", whole / 3600, whole / 60 % 60);
}

}  // namespace graft
