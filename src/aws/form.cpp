#include "aws/form.h"

#include <charconv>
#include <vector>

#include "aws/answer.h"
#include "aws/xml_text.h"
#include "base/error.h"
#include "base/json.h"
#include "http/url.h"

namespace graft::aws {
namespace {

constexpr std::size_t kMostFields = 50'000, kMostDepth = 16;

[[noreturn]] void malformed(const std::string& sentence) {
  throw Error(Kind::invalid, "MalformedInput", sentence);
}

std::string decoded(std::string_view part) {
  std::string plain(part);
  for (char& c : plain) {
    if (c == '+') c = ' ';
  }
  std::optional<std::string> text = percent_decode(plain);
  if (!text) malformed("the form has a percent sign without two hexadecimal digits behind it");
  return *text;
}

// One step of "Dimensions.member.1.Name".
std::string_view take_step(std::string_view& name) {
  const std::size_t dot = name.find('.');
  const std::string_view step = name.substr(0, dot);
  name.remove_prefix(dot == std::string_view::npos ? name.size() : dot + 1);
  return step;
}

// A node of the tree of names: a value, or children by name.
void put(Json& root, std::string_view name, const std::string& value) {
  const std::string whole = text("the form's field \"", name.substr(0, 200), '"');
  Json* node = &root;
  for (std::size_t depth = 0; !name.empty(); ++depth) {
    if (depth == kMostDepth) malformed(text(whole, " has more than ", kMostDepth, " parts"));
    const std::string_view step = take_step(name);
    if (node->is_string() || step.empty()) malformed(text(whole, " is no path"));
    node = &(*node)[std::string(step)];
  }
  if (!node->is_null()) malformed(text(whole, " is a value and a structure"));
  *node = value;
}

// The number of a list's element; 0 where it is none.
std::uint64_t index_of(const std::string& step) {
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  return error == std::errc() && end == step.data() + step.size() ? index : 0;
}

// {"member": {"1": .., "2": ..}} as [.., ..].
void make_lists(Json& node) {
  if (!node.is_object()) return;
  for (Json& child : node) make_lists(child);
  if (node.size() != 1 || node.begin().key() != "member" || !node.front().is_object()) return;
  std::map<std::uint64_t, Json> elements;
  for (auto& [step, element] : node.front().items()) {
    const std::uint64_t index = index_of(step);
    if (index == 0) malformed(text("a form's list has an element \"", step.substr(0, 200), "\" that is no number"));
    elements.emplace(index, std::move(element));
  }
  Json list = Json::array();
  for (auto& [index, element] : elements) list.push_back(std::move(element));
  node = std::move(list);
}

void append(pugi::xml_node& parent, const char* name, const Json& value) {
  if (value.is_null()) return;
  if (value.is_string()) return append_text(parent, name, value.get_ref<const std::string&>());
  if (!value.is_structured()) return append_text(parent, name, value.dump());
  if (value.is_array() && std::string_view(name) == "entry") {
    for (const Json& entry : value) append(parent, name, entry);
    return;
  }
  pugi::xml_node node = parent.append_child(name);
  if (value.is_array()) {
    for (const Json& element : value) append(node, "member", element);
    return;
  }
  for (const auto& [key, member] : value.items()) append(node, key.c_str(), member);
}

}  // namespace

std::map<std::string, std::string> parse_form(std::string_view body) {
  std::map<std::string, std::string> form;
  std::size_t count = 0;
  while (!body.empty()) {
    const std::size_t end = body.find('&');
    const std::string_view part = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (part.empty()) continue;
    if (++count > kMostFields) malformed(text("the form has more than ", kMostFields, " fields"));
    const std::size_t equals = part.find('=');
    const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
    form.emplace(decoded(part.substr(0, equals)), decoded(value));
  }
  return form;
}

Json form_as_json(const std::map<std::string, std::string>& form) {
  Json root = Json::object();
  for (const auto& [name, value] : form) {
    if (name == "Action" || name == "Version") continue;
    if (name.empty()) malformed("the form has a field without a name");
    put(root, name, value);
  }
  for (Json& child : root) make_lists(child);
  return root;
}

Response query_answer(std::string_view operation, std::string_view xmlns, const Json& result) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child((std::string(operation) + "Response").c_str());
  root.append_attribute("xmlns").set_value(std::string(xmlns).c_str());
  if (!result.is_null()) append(root, (std::string(operation) + "Result").c_str(), result);
  const std::string id = request_id();
  pugi::xml_node about = root.append_child("ResponseMetadata");
  append_text(about, "RequestId", id);
  return {200, "text/xml", to_text(document), {{"x-amzn-RequestId", id}}};
}

}  // namespace graft::aws
