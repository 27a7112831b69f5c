#include "control/tags.h"

#include <algorithm>
#include <set>

#include "control/fields.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr std::size_t kMostTags = 50;

Arn arn_in(const Caller& caller, const Json& input) {
  const std::string text =
      aws::text_of(input, "ResourceArn", {.most = 256, .pattern = "arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:.+"});
  const auto arn = parse_arn(text);
  if (!arn) throw validation_error(graft::text("The ARN ", text, " names no resource"));
  if (arn->account != caller.account) {
    throw Error(Kind::denied, "AccessDeniedException",
                graft::text("User: ", caller.user, " is not authorized to use the tags of ", text));
  }
  return *arn;
}

Json add_tags(const Control& control, const Caller& caller, const Json& input) {
  const Arn arn = arn_in(caller, input);
  const Json added = tags_of(input, arn.kind);
  Json all;
  const bool found = control.records.update(caller.account, arn.kind, arn.name, [&](Record& record) {
    all = record.inner.value("Tags", Json::array());
    for (const Json& tag : added) {
      const auto same =
          std::find_if(all.begin(), all.end(), [&](const Json& other) { return other["Key"] == tag["Key"]; });
      if (same != all.end()) {
        *same = tag;
      } else {
        all.push_back(tag);
      }
    }
    if (all.size() > kMostTags) {
      throw validation_error(
          text("A resource can have at most ", kMostTags, " tags, and ", arn.name, " would have ", all.size()));
    }
    record.inner["Tags"] = all;
  });
  if (!found) throw missing(caller, arn.kind, arn.name);
  return {{"Tags", all}};
}

Json list_tags(const Control& control, const Caller& caller, const Json& input) {
  const Arn arn = arn_in(caller, input);
  aws::integer_if(input, "MaxResults", {50, 1e6});
  const Record record = find_or_fail(control.records, caller, arn.kind, arn.name);
  return {{"Tags", record.inner.value("Tags", Json::array())}};
}

Json delete_tags(const Control& control, const Caller& caller, const Json& input) {
  const Arn arn = arn_in(caller, input);
  std::set<std::string> keys;
  for (const Json& key : aws::list_of(input, "TagKeys", {.least = 1, .most = kMostTags}))
    keys.insert(key.get<std::string>());
  const bool found = control.records.update(caller.account, arn.kind, arn.name, [&](Record& record) {
    Json left = Json::array();
    for (const Json& tag : record.inner.value("Tags", Json::array())) {
      if (!keys.contains(tag["Key"].get<std::string>())) left.push_back(tag);
    }
    record.inner["Tags"] = left;
  });
  if (!found) throw missing(caller, arn.kind, arn.name);
  return Json::object();
}

void check_public_tag(const std::string& value, std::string_view kind) {
  if (kind != kEndpoint)
    throw validation_error(text("The tag ", kPublicTag, " is for endpoints, and not for a ", kind));
  if (value != "true" && value != "false") {
    throw validation_error(text("The tag ", kPublicTag, " must be true or false"));
  }
}

}  // namespace

Json tags_of(const Json& input, std::string_view kind) {
  Json tags = Json::array();
  std::set<std::string> keys;
  const Json& given = aws::list_of(input, "Tags", {.most = kMostTags});
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string at = fields::member("Tags", i),
                      key = aws::text_of(given[i], "Key", {.least = 1, .most = 128}, at);
    if (!keys.insert(key).second) throw validation_error(text("Duplicate tag keys found: ", key));
    const std::string value = aws::text_of(given[i], "Value", {.most = 256}, at);
    if (key == kPublicTag) check_public_tag(value, kind);
    tags.push_back({{"Key", key}, {"Value", value}});
  }
  return tags;
}

std::optional<std::string> tag_of(const Record& record, const std::string& key) {
  for (const Json& tag : record.inner.value("Tags", Json::array())) {
    if (tag["Key"] == key) return tag["Value"].get<std::string>();
  }
  return {};
}

std::vector<aws::Operation> tag_operations(const Control& control) {
  using enum aws::Support;
  return {{"AddTags", {{"ResourceArn", done}, {"Tags", done}}, bound(control, add_tags)},
          {"ListTags",
           {{"ResourceArn", done},
            {"MaxResults", done, "all come in one page"},
            {"NextToken", refused, "all come in one page"}},
           bound(control, list_tags)},
          {"DeleteTags", {{"ResourceArn", done}, {"TagKeys", done}}, bound(control, delete_tags)}};
}

}  // namespace graft
