#include "s3/operations.h"

#include <algorithm>

#include "base/words.h"
#include "s3/errors.h"

namespace graft::s3 {
namespace {

// What any request may have: signatures, what SDKs say of themselves, and what identity/ has dealt with.
constexpr std::string_view kAnywhere[] = {"?X-Amz-*",
                                          "?AWSAccessKeyId",
                                          "?Signature",
                                          "?Expires",
                                          "?x-id",
                                          "?content-type",  // what old presigned URLs say of a header that they sign
                                          "?content-md5",
                                          "x-amz-date",
                                          "x-amz-content-sha256",
                                          "x-amz-security-token",
                                          "x-amz-user-agent",
                                          "x-amz-decoded-content-length",
                                          "x-amz-trailer",
                                          "x-amz-sdk-checksum-algorithm",
                                          "x-amz-expected-bucket-owner",
                                          "x-amz-request-payer",
                                          "x-amz-api-version"};

bool fits(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return same_name(pattern, name);
  return same_name(pattern.substr(0, pattern.size() - 1), name.substr(0, pattern.size() - 1));
}

bool is_present(const Call& call, std::string_view name) {
  return name.starts_with('?') ? call.parameter(std::string(name.substr(1))).has_value()
                               : call.header(name).has_value();
}

Target target_of(const Call& call) {
  return call.bucket.empty() ? Target::service : call.key.empty() ? Target::bucket : Target::object;
}

// What the table says of a field of a request. Nothing where it says nothing.
const Field* find_field(const Operation& operation, std::string_view name) {
  for (const Field& field : operation.fields) {
    if (fits(field.name, name)) return &field;
  }
  return nullptr;
}

void check_field(const Operation& operation, std::string_view name) {
  if (std::any_of(std::begin(kAnywhere), std::end(kAnywhere), [&](auto known) { return fits(known, name); })) return;
  if (std::any_of(operation.when.begin(), operation.when.end(), [&](auto known) { return same_name(known, name); }))
    return;
  const Field* field = find_field(operation, name);
  demand(field && field->support != Support::refused, Code::not_implemented, operation.name, " with ", name,
         " is not implemented");
}

void check_fields(const Call& call, const Operation& operation) {
  const std::string version = call.parameter("versionId").value_or("null");
  demand(version == "null", Code::no_such_version, "there is no version ", version,
         "; buckets keep one version of each object, null");
  for (const auto& [name, value] : call.request().query) check_field(operation, "?" + name);
  for (const auto& [name, value] : call.headers()) {
    if (fits("x-amz-*", name)) check_field(operation, name);
  }
  // Signature V2 is of headers alone.
  demand(!call.merged || !call.parameter("AWSAccessKeyId"), Code::access_denied,
         "there are x-amz- parameters in the query that are not signed; send them as headers");
}

std::string_view word(Support support) {
  switch (support) {
    case Support::done:
      return "done";
    case Support::ignored:
      return "accepted and ignored";
    case Support::refused:
      break;
  }
  return "refused";
}

}  // namespace

const Operation& find_operation(const Call& call) {
  const Target target = target_of(call);
  for (const Operation& operation : operations()) {
    const bool fit = operation.method == call.request().method && operation.target == target &&
                     std::all_of(operation.when.begin(), operation.when.end(),
                                 [&](std::string_view name) { return is_present(call, name); });
    if (!fit) continue;
    demand(operation.run, Code::not_implemented, operation.name, " is not implemented");
    check_fields(call, operation);
    return operation;
  }
  std::string what = call.request().method;
  for (const auto& [name, value] : call.request().query) what += " ?" + name;
  refuse(Code::not_implemented, "S3 has no operation that this store knows as ", what, " of ",
         target == Target::service  ? "the service"
         : target == Target::bucket ? "a bucket"
                                    : "an object");
}

std::string describe_operations() {
  std::string page;
  for (const Operation& operation : operations()) {
    page += text("\n### ", operation.name, "\n\n", operation.run ? "Done" : "Refused: NotImplemented",
                 operation.note.empty() ? "" : "; ", operation.note, ".\n");
    if (operation.fields.empty()) continue;
    page += "\n| field | |\n| --- | --- |\n";
    for (const Field& field : operation.fields) {
      page += text("| `", field.name, "` | ", word(field.support), field.note.empty() ? "" : ": ", field.note, " |\n");
    }
  }
  return page;
}

}  // namespace graft::s3
