#include "aws/check.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>
#include <regex>

#include "base/error.h"
#include "base/json.h"

namespace graft::aws {
namespace {

// AWS names fields in errors with a small first letter: "resourceConfig.instanceType".
std::string place(std::string_view at, std::string_view name) {
  std::string path = at.empty() ? std::string(name) : text(at, '.', name);
  bool first = true;
  for (char& c : path) {
    if (first && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    first = c == '.';
  }
  return path;
}

std::string shown(const Json& value) {
  static constexpr std::size_t kMost = 200;
  const std::string all = value.is_null()     ? "null"
                          : value.is_string() ? value.get<std::string>()
                                              : value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return value.is_null() ? "null" : "'" + all.substr(0, kMost) + (all.size() > kMost ? "...'" : "'");
}

[[noreturn]] void wrong_type(std::string_view at, std::string_view name, std::string_view expected) {
  throw Error(Kind::invalid, "SerializationException", text("'", place(at, name), "' is not ", expected));
}

const Json* find(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

const Json& needed(const Json& object, std::string_view name, std::string_view at) {
  const Json* value = find(object, name);
  if (!value) invalid_field(at, name, nullptr, "Member must not be null");
  return *value;
}

// The library's matcher goes one call deeper for each character.
constexpr std::size_t kMostMatched = 4096;

bool matches(const std::string& value, std::string_view pattern) {
  static std::mutex mutex;
  static std::map<std::string, std::regex, std::less<>> compiled;
  const std::regex* expression = nullptr;
  {
    const std::lock_guard lock(mutex);
    auto found = compiled.find(pattern);
    if (found == compiled.end()) {
      found = compiled.emplace(pattern, std::regex(std::string(pattern), std::regex::ECMAScript)).first;
    }
    expression = &found->second;
  }
  return value.size() <= kMostMatched && std::regex_match(value, *expression);
}

std::string checked(const Json& value, std::string_view name, const TextRule& rule, std::string_view at) {
  if (!value.is_string()) wrong_type(at, name, "a string");
  const auto& content = value.get_ref<const std::string&>();
  if (content.size() > rule.most) {
    invalid_field(at, name, value, text("Member must have length less than or equal to ", rule.most));
  }
  if (content.size() < rule.least) {
    invalid_field(at, name, value, text("Member must have length greater than or equal to ", rule.least));
  }
  if (!rule.pattern.empty() && !matches(content, rule.pattern)) {
    invalid_field(at, name, value, text("Member must satisfy regular expression pattern: ", rule.pattern));
  }
  if (!rule.one_of.empty() && std::find(rule.one_of.begin(), rule.one_of.end(), content) == rule.one_of.end()) {
    invalid_field(at, name, value, text("Member must satisfy enum value set: [", join(rule.one_of, ", "), "]"));
  }
  return content;
}

double checked(const Json& value, std::string_view name, const NumberRule& rule, std::string_view at) {
  double number = 0;
  if (value.is_number()) {
    number = value.get<double>();
  } else if (value.is_string()) {
    const auto& digits = value.get_ref<const std::string&>();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || end != digits.data() + digits.size()) wrong_type(at, name, "a number");
  } else {
    wrong_type(at, name, "a number");
  }
  if (!std::isfinite(number)) wrong_type(at, name, "a finite number");
  if (number < rule.least) {
    invalid_field(at, name, value, text("Member must have value greater than or equal to ", rule.least));
  }
  if (number > rule.most) {
    invalid_field(at, name, value, text("Member must have value less than or equal to ", rule.most));
  }
  return number;
}

std::int64_t whole(const Json& value, std::string_view name, const NumberRule& rule, std::string_view at) {
  const double number = checked(value, name, rule, at);
  if (std::abs(number) > 0x1p62 || number != std::floor(number)) wrong_type(at, name, "an integer");
  return value.is_number_integer() ? value.get<std::int64_t>() : static_cast<std::int64_t>(number);
}

// What `read` makes of a member; nothing where it is missing.
template <typename Read>
auto read_if(const Json& object, std::string_view name, const Read& read) {
  const Json* value = find(object, name);
  return value ? std::optional(read(*value)) : std::nullopt;
}

}  // namespace

void invalid_field(std::string_view at, std::string_view name, const Json& value, std::string_view constraint) {
  throw Error(Kind::invalid, "ValidationException",
              text("1 validation error detected: Value ", shown(value), " at '", place(at, name),
                   "' failed to satisfy constraint: ", constraint));
}

std::string text_of(const Json& object, std::string_view name, const TextRule& rule, std::string_view at) {
  return checked(needed(object, name, at), name, rule, at);
}

std::optional<std::string> text_if(const Json& object, std::string_view name, const TextRule& rule,
                                   std::string_view at) {
  return read_if(object, name, [&](const Json& value) { return checked(value, name, rule, at); });
}

std::int64_t integer_of(const Json& object, std::string_view name, const NumberRule& rule, std::string_view at) {
  return whole(needed(object, name, at), name, rule, at);
}

std::optional<std::int64_t> integer_if(const Json& object, std::string_view name, const NumberRule& rule,
                                       std::string_view at) {
  return read_if(object, name, [&](const Json& value) { return whole(value, name, rule, at); });
}

double number_of(const Json& object, std::string_view name, const NumberRule& rule, std::string_view at) {
  return checked(needed(object, name, at), name, rule, at);
}

std::optional<double> number_if(const Json& object, std::string_view name, const NumberRule& rule,
                                std::string_view at) {
  return read_if(object, name, [&](const Json& value) { return checked(value, name, rule, at); });
}

bool flag_of(const Json& object, std::string_view name, bool otherwise, std::string_view at) {
  const Json* value = find(object, name);
  if (!value) return otherwise;
  if (value->is_boolean()) return value->get<bool>();
  if (*value == "true" || *value == "false") return *value == "true";
  wrong_type(at, name, "true or false");
}

const Json& list_of(const Json& object, std::string_view name, const SizeRule& rule, std::string_view at) {
  static const Json kEmpty = Json::array();
  const Json* value = find(object, name);
  // An empty list of a form is a field without a value.
  if (!value && rule.least > 0) invalid_field(at, name, nullptr, "Member must not be null");
  const Json& list = !value || *value == "" ? kEmpty : *value;
  if (!list.is_array()) wrong_type(at, name, "a list");
  if (list.size() > rule.most) {
    invalid_field(at, name, text(list.size(), " elements"),
                  text("Member must have length less than or equal to ", rule.most));
  }
  if (list.size() < rule.least) {
    invalid_field(at, name, list, text("Member must have length greater than or equal to ", rule.least));
  }
  return list;
}

const Json& object_of(const Json& object, std::string_view name, std::string_view at) {
  static const Json kEmpty = Json::object();
  const Json* value = find(object, name);
  if (value && !value->is_object()) wrong_type(at, name, "a structure");
  return value ? *value : kEmpty;
}

std::vector<std::pair<std::string, std::string>> map_of(const Json& object, std::string_view name, const SizeRule& rule,
                                                        const TextRule& key, const TextRule& value,
                                                        std::string_view at) {
  const Json& map = object_of(object, name, at);
  if (map.size() > rule.most) {
    invalid_field(at, name, text(map.size(), " entries"),
                  text("Member must have length less than or equal to ", rule.most));
  }
  std::vector<std::pair<std::string, std::string>> entries;
  const std::string below = at.empty() ? std::string(name) : text(at, '.', name);
  for (const auto& [entry, content] : map.items()) {
    checked(Json(entry), "key", key, below);
    entries.emplace_back(entry, checked(content, entry, value, below));
  }
  return entries;
}

std::string arn(std::string_view service, std::string_view region, std::string_view account,
                std::string_view resource) {
  return text("arn:aws:", service, ':', region, ':', account, ':', resource);
}

}  // namespace graft::aws
