#include "s3/conditions.h"

#include "s3/dates.h"
#include "s3/errors.h"

namespace graft::s3 {
namespace {

// Whether a list of entity tags has this one. Clients leave the quotes out, too.
bool names(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == "*") return true;
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one.size() >= 2 && one.starts_with('"') && one.ends_with('"')) one = one.substr(1, one.size() - 2);
    if (one == etag) return true;
  }
  return false;
}

// Dates on the wire are in whole seconds. A date that cannot be read is no condition.
std::optional<bool> changed_since(const std::optional<std::string_view>& date, const Object& object) {
  const auto time = date ? parse_date(*date) : std::nullopt;
  if (!time) return std::nullopt;
  return object.modified / 1000 > *time / 1000;
}

}  // namespace

Verdict judge(const Call& call, const Object& object, const std::string& prefix) {
  const auto match = call.header(prefix + "if-match"), none_match = call.header(prefix + "if-none-match");
  if (match && !names(*match, object.etag)) return Verdict::failed;
  if (!match && changed_since(call.header(prefix + "if-unmodified-since"), object).value_or(false)) {
    return Verdict::failed;
  }
  if (none_match) return names(*none_match, object.etag) ? Verdict::not_modified : Verdict::proceed;
  const bool unchanged = !changed_since(call.header(prefix + "if-modified-since"), object).value_or(true);
  return unchanged ? Verdict::not_modified : Verdict::proceed;
}

Precondition write_condition(const Call& call) {
  const auto match = call.header("if-match"), none_match = call.header("if-none-match");
  demand(!none_match || *none_match == "*", Code::not_implemented, "a write knows If-None-Match: * only");
  if (!match && !none_match) return {};
  return [match = match ? std::optional<std::string>(*match) : std::nullopt,
          must_be_new = none_match.has_value()](const std::optional<Present>& present) {
    demand(!must_be_new || !present, Code::precondition_failed, "If-None-Match: there is an object with this key");
    if (!match) return;
    demand(present.has_value(), Code::no_such_key, "If-Match: there is no object with this key");
    demand(names(*match, present->etag), Code::precondition_failed, "If-Match: the object's ETag is another one");
  };
}

}  // namespace graft::s3
