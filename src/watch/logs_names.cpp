#include "watch/logs_names.h"

#include "base/error.h"
#include "base/json.h"

namespace graft::logs_api {

const aws::TextRule kGroup{.least = 1, .most = 512, .pattern = R"([\.\-_/#A-Za-z0-9]+)"};
const aws::TextRule kStream{.least = 1, .most = 512, .pattern = "[^:*]*"};
const aws::NumberRule kTime{.least = 0, .most = 9e15};

void invalid(const std::string& sentence) {
  throw Error(Kind::invalid, "InvalidParameterException", sentence);
}

void missing(std::string_view what) {
  throw Error(Kind::not_found, "ResourceNotFoundException", text("The specified log ", what, " does not exist."));
}

std::string group_of(const Json& input) {
  const auto name = aws::text_if(input, "logGroupName", kGroup);
  auto identifier = aws::text_if(input, "logGroupIdentifier", {.least = 1, .most = 2048});
  if (name && identifier) invalid("give logGroupName or logGroupIdentifier, not both");
  if (!identifier) return aws::text_of(input, "logGroupName", kGroup);
  static constexpr std::string_view kMark = ":log-group:";
  if (identifier->starts_with("arn:")) {
    const std::size_t mark = identifier->find(kMark);
    if (mark == std::string::npos) invalid(text("logGroupIdentifier ", *identifier, " is no log group's ARN"));
    identifier->erase(0, mark + kMark.size());
    if (identifier->ends_with(":*")) identifier->resize(identifier->size() - 2);
  }
  return aws::text_of({{"logGroupIdentifier", *identifier}}, "logGroupIdentifier", kGroup);
}

}  // namespace graft::logs_api
