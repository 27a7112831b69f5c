#include "remote/content_type.h"

#include <algorithm>
#include <cctype>
#include <utility>

namespace graft {

std::string content_type(std::string_view name) {
  static constexpr std::pair<const char*, const char*> kTypes[] = {
      {".jpg", "image/jpeg"},        {".jpeg", "image/jpeg"},         {".png", "image/png"},
      {".webp", "image/webp"},       {".gif", "image/gif"},           {".bmp", "image/bmp"},
      {".json", "application/json"}, {".jsonl", "application/jsonl"}, {".html", "text/html; charset=utf-8"},
      {".csv", "text/csv"},          {".txt", "text/plain"},          {".gz", "application/gzip"},
      {".tar", "application/x-tar"}, {".svg", "image/svg+xml"},
  };
  std::string lower(name.substr(std::min(name.rfind('.'), name.size())));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const auto& [ending, type] : kTypes) {
    if (lower == ending) return type;
  }
  return "application/octet-stream";
}

}  // namespace graft
