// A file of profiles is read or refused; what was read, written again, reads the same.
#include <cctype>
#include <cstdlib>

#include "base/error.h"
#include "remote/profile.h"

namespace {

std::string write(const graft::ProfileFile& file) {
  std::string text;
  for (const auto& [section, values] : file) {
    text += "[" + section + "]\n";
    for (const auto& [name, value] : values) text += name + " = " + value + "\n";
  }
  return text;
}

// Without what was indented, whose names have a dot or are odd ones.
graft::ProfileFile plain(graft::ProfileFile file) {
  for (auto& [section, values] : file) {
    std::erase_if(values, [](const auto& each) {
      return each.first.find('.') != std::string::npos || !std::isalpha(static_cast<unsigned char>(each.first[0]));
    });
  }
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const graft::ProfileFile file = plain(graft::parse_profiles(text, "fuzz"));
    const graft::ProfileFile again = graft::parse_profiles(write(file), "fuzz");
    for (const auto& [section, values] : file) {
      if (!values.empty() && again.at(section) != values) std::abort();
    }
  } catch (const graft::Error&) {
  }
  return 0;
}
