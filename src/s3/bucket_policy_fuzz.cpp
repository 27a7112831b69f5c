// Any bytes as a bucket's policy: refused with an error of S3's, or one that can be asked, and never gives another
// bucket.
#include <cstdlib>
#include <span>

#include "base/bytes.h"
#include "base/error.h"
#include "s3/bucket_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace s3 = graft::s3;
  const std::string document(graft::as_text(std::as_bytes(std::span(data, size))));
  try {
    s3::check_policy(document, "bucket");
  } catch (const graft::Error& error) {
    if (error.code().empty()) std::abort();
    return 0;
  }
  s3::policy_lists(document, "bucket");
  s3::policy_reads(document, "bucket", "key");
  if (s3::policy_lists(document, "other") || s3::policy_reads(document, "other", "key")) std::abort();
  return 0;
}
