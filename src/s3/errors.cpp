#include "s3/errors.h"

#include <array>
#include <string_view>

#include "base/log.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

struct Line {
  Code code;
  std::string_view name;
  int status;
};

constexpr Line kErrors[] = {
    {Code::access_denied, "AccessDenied", 403},
    {Code::access_forbidden, "AccessForbidden", 403},
    {Code::authorization_header_malformed, "AuthorizationHeaderMalformed", 400},
    {Code::bad_digest, "BadDigest", 400},
    {Code::bad_request, "BadRequest", 400},
    {Code::bucket_already_exists, "BucketAlreadyExists", 409},
    {Code::bucket_already_owned_by_you, "BucketAlreadyOwnedByYou", 409},
    {Code::bucket_not_empty, "BucketNotEmpty", 409},
    {Code::entity_too_large, "EntityTooLarge", 400},
    {Code::entity_too_small, "EntityTooSmall", 400},
    {Code::invalid_argument, "InvalidArgument", 400},
    {Code::invalid_bucket_name, "InvalidBucketName", 400},
    {Code::invalid_digest, "InvalidDigest", 400},
    {Code::invalid_object_state, "InvalidObjectState", 403},
    {Code::invalid_part, "InvalidPart", 400},
    {Code::invalid_part_order, "InvalidPartOrder", 400},
    {Code::invalid_policy_document, "InvalidPolicyDocument", 400},
    {Code::invalid_range, "InvalidRange", 416},
    {Code::invalid_request, "InvalidRequest", 400},
    {Code::invalid_tag, "InvalidTag", 400},
    {Code::invalid_uri, "InvalidURI", 400},
    {Code::key_too_long, "KeyTooLongError", 400},
    {Code::malformed_policy, "MalformedPolicy", 400},
    {Code::malformed_post, "MalformedPOSTRequest", 400},
    {Code::malformed_xml, "MalformedXML", 400},
    {Code::max_message_length, "MaxMessageLengthExceeded", 400},
    {Code::metadata_too_large, "MetadataTooLarge", 400},
    {Code::method_not_allowed, "MethodNotAllowed", 405},
    {Code::missing_request_body, "MissingRequestBodyError", 400},
    {Code::no_such_bucket, "NoSuchBucket", 404},
    {Code::no_such_bucket_policy, "NoSuchBucketPolicy", 404},
    {Code::no_such_cors, "NoSuchCORSConfiguration", 404},
    {Code::no_such_encryption, "ServerSideEncryptionConfigurationNotFoundError", 404},
    {Code::no_such_key, "NoSuchKey", 404},
    {Code::no_such_lifecycle, "NoSuchLifecycleConfiguration", 404},
    {Code::no_such_object_lock, "ObjectLockConfigurationNotFoundError", 404},
    {Code::no_such_ownership_controls, "OwnershipControlsNotFoundError", 404},
    {Code::no_such_public_access_block, "NoSuchPublicAccessBlockConfiguration", 404},
    {Code::no_such_replication, "ReplicationConfigurationNotFoundError", 404},
    {Code::no_such_tag_set, "NoSuchTagSet", 404},
    {Code::no_such_upload, "NoSuchUpload", 404},
    {Code::no_such_version, "NoSuchVersion", 404},
    {Code::no_such_website, "NoSuchWebsiteConfiguration", 404},
    {Code::not_implemented, "NotImplemented", 501},
    {Code::not_modified, "NotModified", 304},
    {Code::operation_aborted, "OperationAborted", 409},
    {Code::precondition_failed, "PreconditionFailed", 412},
    {Code::request_timeout, "RequestTimeout", 400},
    {Code::storage_full, "StorageFull", 507},
};

Kind kind_of(int status) {
  switch (status) {
    case 403:
      return Kind::denied;
    case 404:
      return Kind::not_found;
    case 409:
    case 412:
      return Kind::conflict;
    case 507:
      return Kind::unavailable;
    default:
      return Kind::invalid;
  }
}

}  // namespace

Error make_error(Code code, const std::string& message) {
  for (const Line& line : kErrors) {
    if (line.code == code) return Error(kind_of(line.status), std::string(line.name), message);
  }
  return Error(Kind::internal, "", message);
}

void refuse_full() {
  refuse(Code::storage_full, "the disk of the object store is full; delete objects, or give it more room");
}

WireError wire_error(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  if (known && !known->code().empty()) {
    for (const Line& line : kErrors) {
      if (line.name == known->code()) return {line.status, known->code(), known->what()};
    }
    // Of the codes that signatures give: identity/ names them, and says by their kind what they are.
    return {status_of(known->kind()), known->code(), known->what()};
  }
  // The client is gone or too slow; whether it hears this does not matter much.
  if (known && known->kind() == Kind::invalid) return {400, "InvalidRequest", known->what()};
  spdlog::error("the object store failed to answer: {}", error.what());
  if (known && known->kind() == Kind::unavailable) {
    return {503, "ServiceUnavailable", "the store cannot do this now; try again later"};
  }
  return {500, "InternalError", "the store failed to answer; its log says why"};
}

Response error_answer(const WireError& error, const Request& request, const std::string& id) {
  Response response{.status = error.status};
  // A client reads neither of these further than to its status.
  if (request.method == "HEAD" || error.status == 304) return response;
  Xml xml("Error", "");
  xml.add("Code", error.code);
  xml.add("Message", error.message);
  xml.add("Resource", request.path);
  if (!id.empty()) xml.add("RequestId", id);
  response.content_type = "application/xml";
  response.body = xml.finish();
  return response;
}

}  // namespace graft::s3
