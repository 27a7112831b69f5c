#include "control/fields.h"

#include "control/resource.h"

namespace graft::fields {

aws::TextRule job_name() {
  return {.least = 1, .most = 63, .pattern = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"};
}

aws::TextRule tuning_job_name() {
  return {.least = 1, .most = 32, .pattern = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}"};
}

aws::TextRule model_name() {
  return {.most = 63, .pattern = "[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?"};
}

aws::TextRule s3_uri() {
  return {.most = 1024, .pattern = "(https|s3)://([^/]+)/?(.*)"};
}

aws::TextRule role_arn() {
  return {.least = 20, .most = 2048, .pattern = R"(arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)"};
}

aws::TextRule image() {
  return {.most = 255, .pattern = "[\\S]+"};
}

// AWS has a list, which grows by the month.
aws::TextRule instance_type() {
  return {.most = 64, .pattern = "ml\\.[a-z0-9-]+\\.[a-z0-9-]+"};
}

aws::TextRule short_text() {
  return {.most = 256};
}

aws::TextRule variable() {
  return {.most = 1024, .pattern = "[a-zA-Z_][a-zA-Z0-9_]*"};
}

std::string s3_uri_of(const Json& object, std::string_view name, std::string_view at) {
  std::string uri = aws::text_of(object, name, s3_uri(), at);
  if (!uri.starts_with("s3://")) {
    throw validation_error(
        text("graft takes \"", uri.substr(0, 200), "\" of ", name, " only in the form s3://bucket/key"));
  }
  return uri;
}

std::string member(std::string_view list, std::size_t index) {
  return text(list, '.', index + 1, ".member");
}

RecordQuery query_of(const Json& input) {
  using Order = RecordQuery::Order;
  RecordQuery query;
  query.name_contains = aws::text_if(input, "NameContains", {.most = 63, .pattern = "[a-zA-Z0-9-]+"}).value_or("");
  query.status = aws::text_if(input, "StatusEquals", {.most = 32}).value_or("");
  query.created_after = aws::number_if(input, "CreationTimeAfter");
  query.created_before = aws::number_if(input, "CreationTimeBefore");
  query.modified_after = aws::number_if(input, "LastModifiedTimeAfter");
  query.modified_before = aws::number_if(input, "LastModifiedTimeBefore");
  const std::string order =
      aws::text_if(input, "SortBy", {.one_of = {"Name", "CreationTime", "Status"}}).value_or("CreationTime");
  query.order = order == "Name" ? Order::name : order == "Status" ? Order::status : Order::created;
  query.descending = aws::text_if(input, "SortOrder", {.one_of = {"Ascending", "Descending"}}) != "Ascending";
  query.most = static_cast<std::size_t>(aws::integer_if(input, "MaxResults", {1, 100}).value_or(10));
  query.token = aws::text_if(input, "NextToken", {.most = 8192}).value_or("");
  return query;
}

Json part_of(const Json& object, std::initializer_list<const char*> names) {
  Json part = Json::object();
  for (const char* name : names) {
    if (object.contains(name)) part[name] = object[name];
  }
  return part;
}

}  // namespace graft::fields
