#include "remote/profile.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

std::string_view trim(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

// "[profile  lab]" as "profile lab".
std::string section_name(std::string_view line) {
  std::string name;
  for (const char c : trim(line.substr(1, line.find(']') - 1))) {
    const bool space = c == ' ' || c == '\t';
    if (space && name.ends_with(' ')) continue;
    name += space ? ' ' : c;
  }
  return name;
}

}  // namespace

ProfileFile parse_profiles(std::string_view content, std::string_view source) {
  ProfileFile file;
  std::string section, above;
  while (!content.empty()) {
    const std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(content.size(), line.size() + 1));
    require(line.find('\0') == std::string_view::npos, source, " is no file of profiles: it is not text");
    const std::string_view words = trim(line);
    if (words.empty() || words.front() == '#' || words.front() == ';') continue;
    const bool indented = line.front() == ' ' || line.front() == '\t';
    if (!indented && words.front() == '[') {
      section = section_name(words);
      above.clear();
      continue;
    }
    const std::size_t equals = words.find('=');
    if (equals == std::string_view::npos || section.empty()) continue;
    std::string name(trim(words.substr(0, equals)));
    const std::string value(trim(words.substr(equals + 1)));
    if (indented && !above.empty()) {
      file[section][above + "." + name] = value;
      continue;
    }
    above = value.empty() ? name : "";
    file[section][std::move(name)] = value;
  }
  return file;
}

std::map<std::string, std::string> find_profile(const ProfileFile& config, const ProfileFile& credentials,
                                                const std::string& profile) {
  std::map<std::string, std::string> all;
  // insert() keeps what is there already.
  const auto add = [&](const ProfileFile& file, const std::string& section) {
    if (const auto found = file.find(section); found != file.end())
      all.insert(found->second.begin(), found->second.end());
  };
  add(credentials, profile);
  add(config, "profile " + profile);
  if (profile == "default") add(config, profile);
  if (const auto services = all.find("services"); services != all.end()) {
    // More particular than an endpoint_url of the profile, whose name it does not share.
    add(config, "services " + services->second);
  }
  return all;
}

}  // namespace graft
