#include <openssl/rand.h>

#include <array>
#include <span>

#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/uploads.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

// Not to be guessed, though knowing it gives nothing to another account.
std::string new_id() {
  std::array<unsigned char, 24> random{};
  ::RAND_bytes(random.data(), static_cast<int>(random.size()));
  return to_hex(as_text(std::as_bytes(std::span(random))));
}

// S3's own defaults: CRC64NVME is of the whole object, the others of the parts' checksums.
bool is_composite(const Call& call, const std::optional<Algorithm>& algorithm) {
  const std::string_view type = call.header("x-amz-checksum-type").value_or("");
  if (!algorithm) return false;
  demand(type.empty() || type == "COMPOSITE" || type == "FULL_OBJECT", Code::invalid_request,
         "x-amz-checksum-type has to be COMPOSITE or FULL_OBJECT");
  demand(type != "FULL_OBJECT" || combines(*algorithm), Code::invalid_request, name_of(*algorithm),
         " of the whole object cannot be had from its parts; use COMPOSITE");
  demand(type != "COMPOSITE" || *algorithm != Algorithm::crc64nvme, Code::invalid_request,
         "CRC64NVME is always of the whole object");
  return type == "COMPOSITE" || (type.empty() && *algorithm != Algorithm::crc64nvme);
}

}  // namespace

Response create_multipart_upload(Call& call) {
  check_key(call.key);
  const Bucket bucket = open_bucket(call, Access::own);
  Upload upload{.id = new_id(),
                .bucket = bucket.id,
                .key = call.key,
                .begun = now(),
                .account = call.caller().account,
                .user = call.caller().user,
                .is_public = public_by_acl(call, bucket),
                .headers = headers_to_store(call.headers()),
                .tags = tags_to_store(call)};
  if (const auto name = call.header("x-amz-checksum-algorithm")) {
    upload.algorithm = find_algorithm(*name);
    demand(upload.algorithm.has_value(), Code::invalid_request,
           "x-amz-checksum-algorithm is none that is known: ", *name);
  }
  upload.composite = is_composite(call, upload.algorithm);
  add_upload(call.store, upload);
  Xml xml("InitiateMultipartUploadResult");
  xml.add("Bucket", bucket.name);
  xml.add("Key", upload.key);
  xml.add("UploadId", upload.id);
  Response response = xml_answer(xml.finish());
  if (upload.algorithm) {
    response.headers.emplace_back("x-amz-checksum-algorithm", name_of(*upload.algorithm));
    response.headers.emplace_back("x-amz-checksum-type", upload.composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  add_encryption(response, upload.headers);
  return response;
}

Response abort_multipart_upload(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  remove_upload(call.store, find_upload(call.store, bucket.id, call.key, *call.parameter("uploadId")).id);
  return empty_answer();
}

}  // namespace graft::s3
