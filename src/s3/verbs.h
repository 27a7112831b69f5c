// The verbs of S3's API, each in verbs/NAME.cpp. operations.cpp has the table that leads to them.
#pragma once

#include "s3/call.h"
#include "s3/errors.h"

namespace graft::s3 {

Response list_buckets(Call& call);
Response create_bucket(Call& call);
Response delete_bucket(Call& call);
Response head_bucket(Call& call);

Response get_bucket_location(Call& call);
Response get_bucket_versioning(Call& call);
Response put_bucket_versioning(Call& call);
Response get_bucket_acl(Call& call);
Response put_bucket_acl(Call& call);
Response get_bucket_policy(Call& call);
Response get_bucket_policy_status(Call& call);
Response put_bucket_policy(Call& call);
Response delete_bucket_policy(Call& call);
Response get_bucket_tagging(Call& call);
Response put_bucket_tagging(Call& call);
Response delete_bucket_tagging(Call& call);
Response get_public_access_block(Call& call);
Response put_public_access_block(Call& call);
Response delete_public_access_block(Call& call);
Response get_bucket_cors(Call& call);
Response put_bucket_cors(Call& call);
Response delete_bucket_cors(Call& call);
// Settings that a bucket cannot have: the error that says it is not set, or the empty setting.
Response get_unset(Call& call);

Response list_objects(Call& call);
Response list_objects_v2(Call& call);
Response list_object_versions(Call& call);

Response put_object(Call& call);
Response post_object(Call& call);
Response get_object(Call& call);
Response head_object(Call& call);
Response delete_object(Call& call);
Response delete_objects(Call& call);
Response copy_object(Call& call);
Response get_object_attributes(Call& call);
Response get_object_acl(Call& call);
Response put_object_acl(Call& call);
Response get_object_tagging(Call& call);
Response put_object_tagging(Call& call);
Response delete_object_tagging(Call& call);

Response create_multipart_upload(Call& call);
Response upload_part(Call& call);
Response upload_part_copy(Call& call);
Response complete_multipart_upload(Call& call);
Response abort_multipart_upload(Call& call);
Response list_parts(Call& call);
Response list_multipart_uploads(Call& call);

// What they share.
Response xml_answer(std::string xml);
Response empty_answer(int status = 204);

}  // namespace graft::s3
