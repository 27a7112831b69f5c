#include "http/media_type.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/words.h"

namespace graft {
namespace {

bool is_token_char(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

// Takes pieces off the front of a text.
struct Scanner {
  std::string_view rest;

  void spaces() { rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size())); }
  bool take(char c) {
    if (!rest.starts_with(c)) return false;
    rest.remove_prefix(1);
    return true;
  }
  std::string_view token() {
    const auto* end = std::find_if_not(rest.begin(), rest.end(), is_token_char);
    const auto length = static_cast<std::size_t>(end - rest.begin());
    const std::string_view result = rest.substr(0, length);
    rest.remove_prefix(length);
    return result;
  }
  // After the opening quote. Only a quote and a backslash can be escaped: a Windows path in a file name stays whole.
  std::optional<std::string> quoted() {
    std::string result;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] == '"') {
        rest.remove_prefix(i + 1);
        return result;
      }
      const bool escape = rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
      result += rest[escape ? ++i : i];
    }
    return std::nullopt;
  }
};

// `; name=value; name="value"`, up to the end.
bool parse_parameters(Scanner& scanner, std::map<std::string, std::string>& parameters) {
  for (scanner.spaces(); !scanner.rest.empty(); scanner.spaces()) {
    if (!scanner.take(';')) return false;
    scanner.spaces();
    if (scanner.rest.empty() || scanner.rest.starts_with(';')) continue;
    const std::string name = lower(scanner.token());
    if (name.empty() || !scanner.take('=')) return false;
    std::optional<std::string> value;
    if (scanner.take('"')) {
      value = scanner.quoted();
    } else if (const std::string_view token = scanner.token(); !token.empty()) {
      value = std::string(token);
    }
    if (!value || !parameters.emplace(name, std::move(*value)).second) return false;
  }
  return true;
}

// 0 to 1000; nothing for what is no weight (RFC 9110 12.4.2).
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || text.size() > 5) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int weight = (text[0] - '0') * 1000, unit = 100;
  for (const char c : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

// Up to the next comma that is not in quotes, which is taken off `rest` too.
std::string_view next_element(std::string_view& rest) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest.size() && (quoted || rest[end] != ','); ++end) {
    if (rest[end] == '"') quoted = !quoted;
    if (quoted && rest[end] == '\\') ++end;
  }
  end = std::min(end, rest.size());
  const std::string_view element = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return element;
}

// How exactly `range` names `type`: 3 itself, 2 "image/*", 1 "*/*", 0 not at all.
int exactness(std::string_view range, std::string_view type) {
  if (range == type) return 3;
  if (range == "*/*") return 1;
  return range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1)) ? 2 : 0;
}

struct Liking {
  int exactness = 0, weight = 0;
};

}  // namespace

std::optional<MediaType> parse_disposition(std::string_view text) {
  Scanner scanner{text};
  MediaType type;
  scanner.spaces();
  type.name = lower(scanner.token());
  if (type.name.empty() || !parse_parameters(scanner, type.parameters)) return std::nullopt;
  return type;
}

std::optional<MediaType> parse_media_type(std::string_view text) {
  Scanner scanner{text};
  MediaType type;
  scanner.spaces();
  const std::string_view first = scanner.token();
  if (first.empty() || !scanner.take('/')) return std::nullopt;
  const std::string_view second = scanner.token();
  if (second.empty() || !parse_parameters(scanner, type.parameters)) return std::nullopt;
  type.name = lower(first) + "/" + lower(second);
  return type;
}

std::optional<std::size_t> choose_type(std::string_view accept, std::span<const std::string_view> offered) {
  std::vector<Liking> likings(offered.size());
  bool any = false;
  while (!accept.empty()) {
    const auto range = parse_media_type(next_element(accept));
    if (!range) continue;
    const auto q = range->parameters.find("q");
    const auto weight = q == range->parameters.end() ? std::optional(1000) : parse_weight(q->second);
    if (!weight) continue;
    any = true;
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const int exact = exactness(range->name, offered[i]);
      if (exact > likings[i].exactness) likings[i] = {exact, *weight};
    }
  }
  if (!any) return offered.empty() ? std::nullopt : std::optional<std::size_t>(0);
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < offered.size(); ++i) {
    const Liking& liking = likings[i];
    if (liking.weight == 0) continue;
    if (!best ||
        std::pair(liking.weight, liking.exactness) > std::pair(likings[*best].weight, likings[*best].exactness))
      best = i;
  }
  return best;
}

}  // namespace graft
