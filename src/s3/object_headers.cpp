#include "s3/object_headers.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/words.h"
#include "http/url.h"
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/public_access.h"

namespace graft::s3 {
namespace {

constexpr std::string_view kMeta = "x-amz-meta-", kEncryption = "x-amz-server-side-encryption";
constexpr std::array<std::string_view, 6> kKept{"content-type",     "cache-control",    "content-disposition",
                                                "content-encoding", "content-language", "expires"};
constexpr std::size_t kMostMetadata = 2 << 10, kMostOther = 8 << 10;

// "aws-chunked" is how the body came, not what it is.
std::string without_chunks(const std::string& encodings) {
  std::string kept;
  std::string_view rest = encodings;
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one.empty() || same_name(one, "aws-chunked")) continue;
    kept += (kept.empty() ? "" : ",") + std::string(one);
  }
  return kept;
}

}  // namespace

Headers headers_to_store(const Headers& request) {
  Headers kept;
  std::size_t metadata = 0, other = 0;
  for (const auto& [sent, given] : request) {
    const std::string name = lower(sent);
    const std::string value = name == "content-encoding" ? without_chunks(given) : given;
    if (value.empty() && name == "content-encoding") continue;
    const bool is_meta = name.starts_with(kMeta);
    if (!is_meta && !name.starts_with(kEncryption) && std::find(kKept.begin(), kKept.end(), name) == kKept.end()) {
      continue;
    }
    (is_meta ? metadata : other) += name.size() + value.size() - (is_meta ? kMeta.size() : 0);
    kept.emplace_back(name, value);
  }
  demand(metadata <= kMostMetadata, Code::metadata_too_large, "the x-amz-meta- headers have ", metadata,
         " bytes; at most 2048 are allowed");
  demand(other <= kMostOther, Code::invalid_request, "the headers of the object have more than 8192 bytes");
  return kept;
}

void check_tags(const Headers& tags, std::size_t most) {
  demand(tags.size() <= most, Code::invalid_tag, "there are at most ", most, " tags");
  std::set<std::string> names;
  for (const auto& [name, value] : tags) {
    demand(!name.empty() && name.size() <= 128 && value.size() <= 256, Code::invalid_tag,
           "a tag's key has 1 to 128 characters, its value at most 256");
    demand(names.insert(name).second, Code::invalid_tag, "the tag ", name, " is given twice");
    demand((name + value).find('\0') == std::string::npos, Code::invalid_tag, "a tag cannot hold a zero byte");
  }
}

Headers tags_to_store(const Call& call) {
  const auto header = call.header("x-amz-tagging");
  if (!header || header->empty()) return {};
  const auto target = parse_target("/?" + std::string(*header));
  demand(target.has_value(), Code::invalid_argument, "x-amz-tagging is not of the form a=b&c=d");
  const Headers tags(target->query.begin(), target->query.end());
  check_tags(tags, 10);
  return tags;
}

bool public_by_acl(const Call& call) {
  const std::string_view acl = call.header("x-amz-acl").value_or("private");
  if (acl == "public-read") return true;
  demand(acl == "private" || acl == "bucket-owner-full-control" || acl == "bucket-owner-read", Code::not_implemented,
         "x-amz-acl: ", acl, " is not implemented; private and public-read are");
  return false;
}

void check_public_acl(const Call& call, const Bucket& bucket, bool is_public) {
  if (!is_public) return;
  const auto block = find_access_block(call.store, bucket.id);
  demand(!block || !block->block_acls, Code::access_denied, "the bucket ", bucket.name,
         " is set not to take ACLs that give anything to everyone (BlockPublicAcls)");
}

bool public_by_acl(const Call& call, const Bucket& bucket) {
  const bool is_public = public_by_acl(call);
  check_public_acl(call, bucket, is_public);
  return is_public;
}

std::string in_quotes(const std::string& etag) {
  return '"' + etag + '"';
}

void add_checksums(Response& response, const Object& object) {
  if (object.checksums.empty()) return;
  bool composite = false;
  for (const auto& [name, value] : object.checksums) {
    response.headers.emplace_back(name, value);
    composite = composite || value.find('-') != std::string::npos;
  }
  response.headers.emplace_back("x-amz-checksum-type", composite ? "COMPOSITE" : "FULL_OBJECT");
}

void add_checksums(Xml& xml, const Headers& checksums) {
  for (const auto& [name, value] : checksums) {
    for (const Algorithm algorithm : checksum_algorithms()) {
      if (name == header_of(algorithm)) xml.add(element_of(algorithm), value);
    }
  }
}

void add_encryption(Response& response, const Headers& stored) {
  for (const auto& [name, value] : stored) {
    if (name.starts_with(kEncryption)) response.headers.emplace_back(name, value);
  }
}

void add_written(Response& response, const Object& object) {
  response.headers.emplace_back("ETag", in_quotes(object.etag));
  add_checksums(response, object);
  add_encryption(response, object.headers);
}

void add_headers(Response& response, const Object& object) {
  response.content_type = "binary/octet-stream";
  for (const auto& [name, value] : object.headers) {
    if (name == "content-type") {
      response.content_type = value;
    } else {
      response.headers.emplace_back(name, value);
    }
  }
  response.headers.emplace_back("ETag", in_quotes(object.etag));
  response.headers.emplace_back("Last-Modified", http_date(object.modified));
  response.headers.emplace_back("Accept-Ranges", "bytes");
  if (!object.tags.empty()) response.headers.emplace_back("x-amz-tagging-count", std::to_string(object.tags.size()));
}

}  // namespace graft::s3
