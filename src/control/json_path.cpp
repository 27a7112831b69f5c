#include "control/json_path.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

constexpr std::size_t kMostPath = 63;  // as AWS has it
constexpr std::size_t kMostMultiple = 4, kLittle = 4096;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), rest_(text) {}

  JsonPath path() {
    require(text_.size() <= kMostPath, "a path has at most ", kMostPath, " characters");
    need('$');
    JsonPath path;
    while (!rest_.empty()) path.push_back(take('.') ? behind_dot() : in_brackets());
    return path;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char c) {
    if (!take(c)) unexpected();
  }
  [[noreturn]] void unexpected() {
    fail(Kind::invalid, "the path \"", text_, "\" is not understood at \"", rest_,
         "\": there are $, .name, *, ['a','b'], [0,-1] and [1:3]");
  }

  JsonStep behind_dot() {
    if (take('*')) return {.kind = JsonStep::Kind::all};
    const std::size_t size = std::min(rest_.find_first_of(".["), rest_.size());
    const std::string name(rest_.substr(0, size));
    const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_' || c == '-' || c >= 0x80;
    });
    if (!plain) unexpected();
    rest_.remove_prefix(size);
    return {.kind = JsonStep::Kind::names, .names = {name}};
  }
  JsonStep in_brackets() {
    need('[');
    JsonStep step;
    if (take('*')) {
      step.kind = JsonStep::Kind::all;
    } else if (rest_.starts_with('\'') || rest_.starts_with('"')) {
      step.kind = JsonStep::Kind::names;
      do step.names.push_back(quoted());
      while (take(','));
    } else {
      step.kind = JsonStep::Kind::parts;
      do step.parts.push_back(part());
      while (take(','));
    }
    need(']');
    return step;
  }
  JsonPart part() {
    const auto first = number();
    if (take(':')) return {.slice = true, .begin = first, .end = number()};
    if (!first) unexpected();
    return {.begin = first};
  }
  std::string quoted() {
    skip_spaces();
    const char mark = rest_.empty() ? '\0' : rest_[0];
    if (mark != '\'' && mark != '"') unexpected();
    rest_.remove_prefix(1);
    const std::size_t end = rest_.find(mark);
    if (end == std::string_view::npos) unexpected();
    std::string name(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    skip_spaces();
    return name;
  }
  std::optional<std::int64_t> number() {
    skip_spaces();
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error == std::errc::result_out_of_range) unexpected();
    if (error != std::errc()) return {};
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    skip_spaces();
    return value;
  }
  void skip_spaces() {
    while (take(' ')) {
    }
  }

  const std::string_view text_;
  std::string_view rest_;
};

using Step = JsonPath::const_iterator;

// Of values, names and letters: what a record takes, in about the same measure wherever it comes from.
std::size_t weight_of(const Json& value) {
  if (value.is_string()) return 1 + value.get_ref<const std::string&>().size();
  std::size_t weight = 1;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) weight += name.size() + weight_of(member);
  } else if (value.is_array()) {
    for (const Json& element : value) weight += weight_of(element);
  }
  return weight;
}

// A path may take an element several times, and in lists within lists each step multiplies it: what a path leads to is
// bounded by what it comes from.
struct Allowance {
  explicit Allowance(const Json& record) : left(kMostMultiple * weight_of(record) + kLittle) {}
  void take(std::size_t weight) {
    require(weight <= left, "the filter selects more than ", kMostMultiple, " times what the record has");
    left -= weight;
  }
  std::size_t left;
};

Json follow(Step step, Step end, const Json& value, Allowance& allowance);

const Json& element(const Json& value, std::int64_t place) {
  require(value.is_array(), "the filter wants an element where the record has no list");
  const auto size = static_cast<std::int64_t>(value.size());
  const std::int64_t index = place < 0 ? place + size : place;
  require(index >= 0 && index < size, "the filter wants the element ", place, " of a list of ", size);
  return value[static_cast<std::size_t>(index)];
}

const Json& member(const Json& value, const std::string& name) {
  require(value.is_object() && value.contains(name), "the record has no \"", name, "\", which the filter wants");
  return value.at(name);
}

Json by_names(Step step, Step end, const Json& value, Allowance& allowance) {
  if (step->names.size() == 1) return follow(step + 1, end, member(value, step->names[0]), allowance);
  Json object = Json::object();
  for (const std::string& name : step->names) object[name] = follow(step + 1, end, member(value, name), allowance);
  return object;
}

// As Python's value[begin:end].
void add_slice(const JsonPart& part, const Json& value, std::vector<const Json*>& found) {
  require(value.is_array(), "the filter wants a part of a list where the record has none");
  const auto size = static_cast<std::int64_t>(value.size());
  const auto bound = [size](std::int64_t place) {
    return std::clamp<std::int64_t>(place < 0 ? std::max(place, -size) + size : place, 0, size);
  };
  for (std::int64_t i = bound(part.begin.value_or(0)); i < bound(part.end.value_or(size)); ++i) {
    found.push_back(&value[static_cast<std::size_t>(i)]);
  }
}

Json by_parts(Step step, Step end, const Json& value, Allowance& allowance) {
  if (step->parts.size() == 1 && !step->parts[0].slice) {
    return follow(step + 1, end, element(value, *step->parts[0].begin), allowance);
  }
  std::vector<const Json*> found;
  for (const JsonPart& part : step->parts) {
    if (part.slice) {
      add_slice(part, value, found);
    } else {
      found.push_back(&element(value, *part.begin));
    }
  }
  Json list = Json::array();
  for (const Json* one : found) list.push_back(follow(step + 1, end, *one, allowance));
  return list;
}

Json follow(Step step, Step end, const Json& value, Allowance& allowance) {
  allowance.take(step == end ? weight_of(value) : 1);
  if (step == end) return value;
  switch (step->kind) {
    case JsonStep::Kind::names:
      return by_names(step, end, value, allowance);
    case JsonStep::Kind::parts:
      return by_parts(step, end, value, allowance);
    case JsonStep::Kind::all:
      break;
  }
  require(value.is_structured(), "the filter's * wants a list or an object");
  Json list = Json::array();
  for (const Json& one : value) list.push_back(follow(step + 1, end, one, allowance));
  return list;
}

}  // namespace

JsonPath parse_json_path(std::string_view text) {
  return Reader(text).path();
}

Json select(const JsonPath& path, const Json& record) {
  Allowance allowance(record);
  return follow(path.begin(), path.end(), record, allowance);
}

}  // namespace graft
