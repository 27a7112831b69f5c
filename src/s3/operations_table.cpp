#include <algorithm>

#include "s3/operations.h"
#include "s3/verbs.h"

namespace graft::s3 {
namespace {

using enum Support;
using enum Target;
using Fields = std::vector<Field>;

Fields operator+(Fields a, const Fields& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Fields kChecksums{{"Content-MD5"},           {"x-amz-checksum-crc32"},
                        {"x-amz-checksum-crc32c"}, {"x-amz-checksum-crc64nvme"},
                        {"x-amz-checksum-sha1"},   {"x-amz-checksum-sha256"}};
const Fields kCustomerKeys{{"x-amz-server-side-encryption-customer-algorithm", refused},
                           {"x-amz-server-side-encryption-customer-key", refused},
                           {"x-amz-server-side-encryption-customer-key-MD5", refused}};
const Fields kObject =
    Fields{{"Cache-Control"},
           {"Content-Disposition"},
           {"Content-Encoding", done, "without aws-chunked"},
           {"Content-Language"},
           {"Content-Type"},
           {"Expires"},
           {"x-amz-meta-*"},
           {"x-amz-tagging"},
           {"x-amz-acl", done, "private, bucket-owner-read, bucket-owner-full-control and public-read"},
           {"x-amz-storage-class", ignored, "everything is STANDARD"},
           {"x-amz-server-side-encryption", ignored, "kept and given back"},
           {"x-amz-server-side-encryption-aws-kms-key-id", ignored, "kept and given back"},
           {"x-amz-server-side-encryption-context", ignored, "kept and given back"},
           {"x-amz-server-side-encryption-bucket-key-enabled", ignored, "kept and given back"},
           {"x-amz-website-redirect-location", refused},
           {"x-amz-object-lock-mode", refused},
           {"x-amz-object-lock-retain-until-date", refused},
           {"x-amz-object-lock-legal-hold", refused},
           {"x-amz-grant-full-control", refused},
           {"x-amz-grant-read", refused},
           {"x-amz-grant-read-acp", refused},
           {"x-amz-grant-write-acp", refused}} +
    kCustomerKeys;
const Fields kWriteConditions{{"If-Match"}, {"If-None-Match", done, "* only"}};
const Fields kReadConditions{{"If-Match"}, {"If-None-Match"}, {"If-Modified-Since"}, {"If-Unmodified-Since"}};
const Fields kRead = Fields{{"?versionId", done, "null only"},
                            {"?partNumber"},
                            {"?response-cache-control"},
                            {"?response-content-disposition"},
                            {"?response-content-encoding"},
                            {"?response-content-language"},
                            {"?response-content-type"},
                            {"?response-expires"},
                            {"Range", done, "one range; of several, the whole object is given"},
                            {"x-amz-checksum-mode", done, "CRC32C where the object was written without a checksum"}} +
                     kReadConditions + kCustomerKeys;
const Fields kCopySource{{"x-amz-copy-source", done, "with ?versionId=null at most"},
                         {"x-amz-copy-source-if-match"},
                         {"x-amz-copy-source-if-none-match"},
                         {"x-amz-copy-source-if-modified-since"},
                         {"x-amz-copy-source-if-unmodified-since"},
                         {"x-amz-source-expected-bucket-owner"},
                         {"x-amz-copy-source-server-side-encryption-customer-algorithm", refused},
                         {"x-amz-copy-source-server-side-encryption-customer-key", refused},
                         {"x-amz-copy-source-server-side-encryption-customer-key-MD5", refused}};
const Fields kList{{"?prefix"},
                   {"?delimiter"},
                   {"?max-keys"},
                   {"?encoding-type"},
                   {"x-amz-optional-object-attributes", ignored, "there is nothing that was restored"}};
const Fields kGrants{{"x-amz-grant-full-control", refused},
                     {"x-amz-grant-read", refused},
                     {"x-amz-grant-read-acp", refused},
                     {"x-amz-grant-write", refused},
                     {"x-amz-grant-write-acp", refused}};
const Fields kAcl = Fields{{"x-amz-acl", done, "private and public-read"},
                           {"<AccessControlPolicy>", done, "the owner's grants, and READ for all users"}} +
                    kGrants + kChecksums;

// Settings that a bucket cannot have. Reading one says so as S3 does; setting one is refused.
void add_unset(std::vector<Operation>& table) {
  constexpr struct {
    std::string_view parameter, name;
  } kUnset[] = {{"?encryption", "BucketEncryption"},
                {"?lifecycle", "BucketLifecycleConfiguration"},
                {"?website", "BucketWebsite"},
                {"?replication", "BucketReplication"},
                {"?object-lock", "ObjectLockConfiguration"},
                {"?ownershipControls", "BucketOwnershipControls"},
                {"?logging", "BucketLogging"},
                {"?notification", "BucketNotificationConfiguration"},
                {"?accelerate", "BucketAccelerateConfiguration"},
                {"?requestPayment", "BucketRequestPayment"}};
  static std::vector<std::string> names;
  names.reserve(3 * std::size(kUnset));
  for (const auto& [parameter, name] : kUnset) {
    for (const std::string_view method : {"GET", "PUT", "DELETE"}) {
      const std::string_view verb = method == "GET" ? "Get" : method == "PUT" ? "Put" : "Delete";
      const std::string_view full = names.emplace_back(std::string(verb).append(name));
      const bool read = method == "GET";
      table.push_back({full,
                       method,
                       bucket,
                       {parameter},
                       {},
                       read ? get_unset : nullptr,
                       read ? "always says that it is not set, or S3's default" : ""});
    }
  }
}

std::vector<Operation> bucket_operations() {
  return {
      {"ListBuckets",
       "GET",
       service,
       {},
       {{"?prefix"}, {"?bucket-region"}, {"?max-buckets"}, {"?continuation-token"}},
       list_buckets},
      {"GetBucketLocation", "GET", bucket, {"?location"}, {}, get_bucket_location},
      {"GetBucketVersioning", "GET", bucket, {"?versioning"}, {}, get_bucket_versioning, "buckets have no versions"},
      {"PutBucketVersioning",
       "PUT",
       bucket,
       {"?versioning"},
       Fields{{"<Status>", done, "Suspended only"}, {"<MfaDelete>", refused}, {"x-amz-mfa", refused}} + kChecksums,
       put_bucket_versioning},
      {"GetBucketAcl", "GET", bucket, {"?acl"}, {}, get_bucket_acl},
      {"PutBucketAcl", "PUT", bucket, {"?acl"}, kAcl, put_bucket_acl},
      {"GetBucketPolicy", "GET", bucket, {"?policy"}, {}, get_bucket_policy},
      {"GetBucketPolicyStatus", "GET", bucket, {"?policyStatus"}, {}, get_bucket_policy_status},
      {"PutBucketPolicy",
       "PUT",
       bucket,
       {"?policy"},
       Fields{
           {"<policy>", done,
            "one that lets everyone read objects, all or below a prefix, or list the bucket. All others are refused"},
           {"x-amz-confirm-remove-self-bucket-access", ignored, "the owner always keeps access"}} +
           kChecksums,
       put_bucket_policy},
      {"DeleteBucketPolicy", "DELETE", bucket, {"?policy"}, {}, delete_bucket_policy},
      {"GetPublicAccessBlock", "GET", bucket, {"?publicAccessBlock"}, {}, get_public_access_block},
      {"PutPublicAccessBlock",
       "PUT",
       bucket,
       {"?publicAccessBlock"},
       Fields{{"<BlockPublicAcls>"}, {"<IgnorePublicAcls>"}, {"<BlockPublicPolicy>"}, {"<RestrictPublicBuckets>"}} +
           kChecksums,
       put_public_access_block},
      {"DeletePublicAccessBlock", "DELETE", bucket, {"?publicAccessBlock"}, {}, delete_public_access_block},
      {"GetBucketCors", "GET", bucket, {"?cors"}, {}, get_bucket_cors},
      {"PutBucketCors",
       "PUT",
       bucket,
       {"?cors"},
       Fields{{"<ID>"},
              {"<AllowedOrigin>", done, "with one * at most"},
              {"<AllowedMethod>", done, "GET, PUT, POST, DELETE and HEAD"},
              {"<AllowedHeader>", done, "with one * at most"},
              {"<ExposeHeader>"},
              {"<MaxAgeSeconds>"}} +
           kChecksums,
       put_bucket_cors,
       "OPTIONS is answered by the rules, and what they say stands in answers, errors too"},
      {"DeleteBucketCors", "DELETE", bucket, {"?cors"}, {}, delete_bucket_cors},
      {"GetBucketTagging", "GET", bucket, {"?tagging"}, {}, get_bucket_tagging},
      {"PutBucketTagging", "PUT", bucket, {"?tagging"}, Fields{{"<TagSet>"}} + kChecksums, put_bucket_tagging},
      {"DeleteBucketTagging", "DELETE", bucket, {"?tagging"}, {}, delete_bucket_tagging},
      {"ListObjectVersions",
       "GET",
       bucket,
       {"?versions"},
       kList + Fields{{"?versions"}, {"?key-marker"}, {"?version-id-marker", ignored, "each object has one version"}},
       list_object_versions,
       "each object is its one version, null"},
      {"ListMultipartUploads",
       "GET",
       bucket,
       {"?uploads"},
       {{"?prefix"}, {"?delimiter"}, {"?max-uploads"}, {"?key-marker"}, {"?upload-id-marker"}, {"?encoding-type"}},
       list_multipart_uploads},
      {"ListObjectsV2",
       "GET",
       bucket,
       {"?list-type"},
       kList + Fields{{"?continuation-token"}, {"?start-after"}, {"?fetch-owner"}},
       list_objects_v2},
      {"ListObjects", "GET", bucket, {}, kList + Fields{{"?marker"}}, list_objects},
      {"HeadBucket", "HEAD", bucket, {}, {}, head_bucket},
      {"CreateBucket",
       "PUT",
       bucket,
       {},
       Fields{{"<LocationConstraint>", done, "the bucket's region, whatever it is; that of the signature otherwise"},
              {"<Tags>", refused},
              {"x-amz-acl", done, "private and public-read"},
              {"x-amz-object-ownership", ignored, "the bucket's account owns all of it"},
              {"x-amz-bucket-object-lock-enabled", refused}} +
           kGrants + kChecksums,
       create_bucket},
      {"DeleteBucket", "DELETE", bucket, {}, {}, delete_bucket, "unfinished uploads go with it"},
      {"DeleteObjects",
       "POST",
       bucket,
       {"?delete"},
       Fields{{"<Key>"},
              {"<ETag>"},
              {"<VersionId>", done, "null only"},
              {"<Quiet>"},
              {"x-amz-mfa", refused},
              {"x-amz-bypass-governance-retention", ignored, "nothing is retained"}} +
           kChecksums,
       delete_objects},
  };
}

std::vector<Operation> upload_operations() {
  return {
      {"CreateMultipartUpload",
       "POST",
       object,
       {"?uploads"},
       kObject + Fields{{"x-amz-checksum-algorithm"}, {"x-amz-checksum-type"}},
       create_multipart_upload},
      {"UploadPartCopy",
       "PUT",
       object,
       {"?uploadId", "x-amz-copy-source"},
       kCopySource + Fields{{"?partNumber"}, {"x-amz-copy-source-range"}} + kCustomerKeys,
       upload_part_copy},
      {"UploadPart", "PUT", object, {"?uploadId"}, Fields{{"?partNumber"}} + kChecksums + kCustomerKeys, upload_part},
      {"CompleteMultipartUpload",
       "POST",
       object,
       {"?uploadId"},
       Fields{{"<PartNumber>"},
              {"<ETag>"},
              {"<ChecksumCRC32>", done, "and the other four"},
              {"x-amz-checksum-type", ignored, "the upload was begun with one"},
              {"x-amz-mp-object-size"}} +
           kChecksums + kWriteConditions + kCustomerKeys,
       complete_multipart_upload},
      {"AbortMultipartUpload",
       "DELETE",
       object,
       {"?uploadId"},
       {{"x-amz-if-match-initiated-time", refused}},
       abort_multipart_upload},
      {"ListParts",
       "GET",
       object,
       {"?uploadId"},
       Fields{{"?max-parts"}, {"?part-number-marker"}} + kCustomerKeys,
       list_parts},
  };
}

std::vector<Operation> object_operations() {
  return {
      {"GetObjectTagging", "GET", object, {"?tagging"}, {{"?versionId", done, "null only"}}, get_object_tagging},
      {"PutObjectTagging",
       "PUT",
       object,
       {"?tagging"},
       Fields{{"<TagSet>"}, {"?versionId", done, "null only"}} + kChecksums,
       put_object_tagging},
      {"DeleteObjectTagging",
       "DELETE",
       object,
       {"?tagging"},
       {{"?versionId", done, "null only"}},
       delete_object_tagging},
      {"GetObjectAcl", "GET", object, {"?acl"}, {{"?versionId", done, "null only"}}, get_object_acl},
      {"PutObjectAcl", "PUT", object, {"?acl"}, kAcl + Fields{{"?versionId", done, "null only"}}, put_object_acl},
      {"GetObjectAttributes",
       "GET",
       object,
       {"?attributes"},
       Fields{{"?versionId", done, "null only"},
              {"x-amz-object-attributes", done, "without the checksums of parts"},
              {"x-amz-max-parts"},
              {"x-amz-part-number-marker"}} +
           kCustomerKeys,
       get_object_attributes},
      {"CopyObject",
       "PUT",
       object,
       {"x-amz-copy-source"},
       kCopySource + kObject + kWriteConditions +
           Fields{{"x-amz-metadata-directive"},
                  {"x-amz-tagging-directive"},
                  {"x-amz-checksum-algorithm", ignored, "the checksums of the source are kept"}},
       copy_object,
       "the ETag is that of the source; what lies in a file is linked, not copied"},
      {"PostObject",
       "POST",
       bucket,
       {},
       {{"key", done, "with ${filename}"},
        {"policy", done, "signed by Signature V4 or V2"},
        {"acl"},
        {"Content-Type", done, "and Cache-Control, Content-Disposition, Content-Encoding, Expires, Content-MD5"},
        {"x-amz-meta-*"},
        {"success_action_status"},
        {"success_action_redirect"},
        {"tagging", refused},
        {"file", done, "the last field"}},
       post_object,
       "a form of a browser"},
      {"PutObject",
       "PUT",
       object,
       {},
       kObject + kChecksums + kWriteConditions + Fields{{"x-amz-write-offset-bytes", refused}},
       put_object},
      {"GetObject", "GET", object, {}, kRead, get_object},
      {"HeadObject", "HEAD", object, {}, kRead, head_object},
      {"DeleteObject",
       "DELETE",
       object,
       {},
       {{"?versionId", done, "null only"},
        {"If-Match"},
        {"x-amz-mfa", refused},
        {"x-amz-bypass-governance-retention", ignored, "nothing is retained"}},
       delete_object},
  };
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> table = [] {
    std::vector<Operation> all = bucket_operations();
    add_unset(all);
    // What a parameter names comes before what a method alone does.
    const auto general = [](const Operation& operation) { return operation.when.empty(); };
    for (Operation& operation : upload_operations()) all.push_back(std::move(operation));
    for (Operation& operation : object_operations()) all.push_back(std::move(operation));
    std::stable_partition(all.begin(), all.end(), [&](const Operation& operation) { return !general(operation); });
    return all;
  }();
  return table;
}

}  // namespace graft::s3
