// Every error that S3's API gives, in one table: its name on the wire and its status. Nothing else in s3/ spells one.
#pragma once

#include <exception>
#include <string>

#include "base/error.h"
#include "http/message.h"

namespace graft::s3 {

enum class Code {
  access_denied,
  access_forbidden,
  authorization_header_malformed,
  bad_digest,
  bad_request,
  bucket_already_exists,
  bucket_already_owned_by_you,
  bucket_not_empty,
  entity_too_large,
  entity_too_small,
  invalid_argument,
  invalid_bucket_name,
  invalid_digest,
  invalid_object_state,
  invalid_part,
  invalid_part_order,
  invalid_policy_document,
  invalid_range,
  invalid_request,
  invalid_tag,
  invalid_uri,
  key_too_long,
  malformed_policy,
  malformed_post,
  malformed_xml,
  max_message_length,
  metadata_too_large,
  method_not_allowed,
  missing_request_body,
  no_such_bucket,
  no_such_bucket_policy,
  no_such_cors,
  no_such_encryption,
  no_such_key,
  no_such_lifecycle,
  no_such_object_lock,
  no_such_ownership_controls,
  no_such_public_access_block,
  no_such_replication,
  no_such_tag_set,
  no_such_upload,
  no_such_version,
  no_such_website,
  not_implemented,
  not_modified,
  operation_aborted,
  precondition_failed,
  request_timeout,
  storage_full,
};

template <typename... Parts>
[[noreturn]] void refuse(Code code, const Parts&... parts);

// refuse() unless `ok`.
template <typename... Parts>
void demand(bool ok, Code code, const Parts&... parts) {
  if (!ok) refuse(code, parts...);
}

Error make_error(Code code, const std::string& message);

template <typename... Parts>
[[noreturn]] void refuse(Code code, const Parts&... parts) {
  throw make_error(code, text(parts...));
}

// StorageFull.
[[noreturn]] void refuse_full();

// How a client is told of what was thrown. What is none of the errors above, and no error of signatures, is
// InternalError, or ServiceUnavailable where it may help to try again; its message says nothing of the inside.
struct WireError {
  int status = 500;
  std::string code{}, message{};
};
WireError wire_error(const std::exception& error);

// The error as S3 sends it, with the request's id where there is one.
Response error_answer(const WireError& error, const Request& request, const std::string& id = {});

}  // namespace graft::s3
