#include "remote/content_type.h"

#include <algorithm>
#include <utility>

#include "base/words.h"

namespace graft {

std::string content_type(std::string_view name) {
  static constexpr std::pair<const char*, const char*> kTypes[] = {
      {".jpg", "image/jpeg"},        {".jpeg", "image/jpeg"},         {".png", "image/png"},
      {".webp", "image/webp"},       {".gif", "image/gif"},           {".bmp", "image/bmp"},
      {".json", "application/json"}, {".jsonl", "application/jsonl"}, {".html", "text/html; charset=utf-8"},
      {".csv", "text/csv"},          {".txt", "text/plain"},          {".gz", "application/gzip"},
      {".tar", "application/x-tar"}, {".svg", "image/svg+xml"},
  };
  const std::string ending_of_name = lower(name.substr(std::min(name.rfind('.'), name.size())));
  for (const auto& [ending, type] : kTypes) {
    if (ending == ending_of_name) return type;
  }
  return "application/octet-stream";
}

}  // namespace graft
