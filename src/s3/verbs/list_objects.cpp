// ListObjects, ListObjectsV2 and ListObjectVersions, which say the same list in three ways.
#include <functional>

#include "http/url.h"
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/listing.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostKeys = 1000;

// Keys as the client asked for them.
class Writer {
 public:
  Writer(const Call& call, const char* root) : xml(root) {
    const std::string encoding = call.parameter("encoding-type").value_or("");
    demand(encoding.empty() || encoding == "url", Code::invalid_argument, "encoding-type has to be url");
    encoded_ = !encoding.empty();
  }
  void add_key(std::string_view name, const std::string& key) {
    xml.add(name, encoded_ ? percent_encode_path(key) : key);
  }
  void add_encoding() {
    if (encoded_) xml.add("EncodingType", "url");
  }
  Xml xml;

 private:
  bool encoded_ = false;
};

struct Page {
  Bucket bucket{};
  bool anonymous = false;
  ListRequest request{};
  Listed listed{};
};

// Reads what all three have in common; `begin` says where the list begins.
Page read_page(Call& call, const std::function<void(ListRequest&)>& begin) {
  Page page{.bucket = open_bucket(call, Access::list), .anonymous = call.caller().anonymous()};
  page.request.prefix = call.parameter("prefix").value_or("");
  page.request.delimiter = call.parameter("delimiter").value_or("");
  page.request.most = call.number("max-keys", kMostKeys, kMostKeys);
  begin(page.request);
  page.listed = list_objects(call.store, page.bucket.id, page.request);
  return page;
}

// The world learns of a public bucket's objects, not whose they are.
void add_owner(Writer& writer, const Page& page) {
  if (!page.anonymous) add_person(writer.xml, "Owner", page.bucket.account);
}

void add_fields(Writer& writer, const Listed::Entry& entry) {
  writer.add_key("Key", entry.key);
  writer.xml.add("LastModified", iso_date(entry.modified));
  writer.xml.add("ETag", "\"" + entry.etag + "\"");
  for (const auto& [header, value] : entry.checksums) {
    for (const Algorithm algorithm : checksum_algorithms()) {
      if (header == header_of(algorithm)) writer.xml.add("ChecksumAlgorithm", name_of(algorithm));
    }
  }
  writer.xml.add("Size", entry.size);
}

void add_prefixes(Writer& writer, const Listed& listed) {
  for (const Listed::Entry& entry : listed.entries) {
    if (!entry.is_prefix) continue;
    writer.xml.open("CommonPrefixes");
    writer.add_key("Prefix", entry.key);
    writer.xml.close();
  }
}

void add_entries(Writer& writer, const Page& page, bool with_owner) {
  for (const Listed::Entry& entry : page.listed.entries) {
    if (entry.is_prefix) continue;
    writer.xml.open("Contents");
    add_fields(writer, entry);
    if (with_owner) add_owner(writer, page);
    writer.xml.add("StorageClass", "STANDARD");
    writer.xml.close();
  }
  add_prefixes(writer, page.listed);
}

void add_request(Writer& writer, const Page& page) {
  writer.xml.add("Name", page.bucket.name);
  writer.add_key("Prefix", page.request.prefix);
  if (!page.request.delimiter.empty()) writer.add_key("Delimiter", page.request.delimiter);
  writer.xml.add("MaxKeys", std::uint64_t{page.request.most});
  writer.add_encoding();
  writer.xml.add("IsTruncated", page.listed.truncated);
}

// A marker may be a common prefix, which the client has seen then.
void begin_behind(ListRequest& request, const std::string& marker) {
  request.after = marker;
  const bool is_prefix =
      !request.delimiter.empty() && marker.ends_with(request.delimiter) && marker.starts_with(request.prefix) &&
      marker.find(request.delimiter, request.prefix.size()) + request.delimiter.size() == marker.size();
  if (is_prefix) request.not_below = marker;
}

// Where the next page begins: 'k' or 'p', as the last entry is a key or a common prefix, and the entry.
std::string token_of(const Listed::Entry& entry) {
  return base64((entry.is_prefix ? "p" : "k") + entry.key);
}

void begin_at_token(ListRequest& request, const std::string& token) {
  const auto entry = from_base64(token);
  demand(entry && !entry->empty(), Code::invalid_argument, "this continuation-token was not given by this store");
  (entry->front() == 'p' ? request.not_below : request.after) = entry->substr(1);
}

}  // namespace

Response list_objects(Call& call) {
  const std::string marker = call.parameter("marker").value_or("");
  const Page page = read_page(call, [&](ListRequest& request) { begin_behind(request, marker); });
  Writer writer(call, "ListBucketResult");
  add_request(writer, page);
  writer.add_key("Marker", marker);
  if (page.listed.truncated && !page.listed.entries.empty()) {
    writer.add_key("NextMarker", page.listed.entries.back().key);
  }
  add_entries(writer, page, true);
  return xml_answer(writer.xml.finish());
}

Response list_objects_v2(Call& call) {
  demand(call.parameter("list-type") == "2", Code::invalid_argument, "list-type has to be 2");
  const auto token = call.parameter("continuation-token");
  const std::string start_after = call.parameter("start-after").value_or("");
  const Page page = read_page(call, [&](ListRequest& request) {
    if (token) {
      begin_at_token(request, *token);
    } else {
      request.after = start_after;
    }
  });
  Writer writer(call, "ListBucketResult");
  add_request(writer, page);
  writer.xml.add("KeyCount", std::uint64_t{page.listed.entries.size()});
  if (token) writer.xml.add("ContinuationToken", *token);
  if (!start_after.empty()) writer.add_key("StartAfter", start_after);
  if (page.listed.truncated && !page.listed.entries.empty()) {
    writer.xml.add("NextContinuationToken", token_of(page.listed.entries.back()));
  }
  add_entries(writer, page, call.parameter("fetch-owner") == "true");
  return xml_answer(writer.xml.finish());
}

// Each object is its one version, "null", as in a bucket of S3 that never had versions.
Response list_object_versions(Call& call) {
  const std::string marker = call.parameter("key-marker").value_or("");
  const Page page = read_page(call, [&](ListRequest& request) { begin_behind(request, marker); });
  Writer writer(call, "ListVersionsResult");
  add_request(writer, page);
  writer.add_key("KeyMarker", marker);
  writer.xml.add("VersionIdMarker", "");
  if (page.listed.truncated && !page.listed.entries.empty()) {
    writer.add_key("NextKeyMarker", page.listed.entries.back().key);
    writer.xml.add("NextVersionIdMarker", "null");
  }
  for (const Listed::Entry& entry : page.listed.entries) {
    if (entry.is_prefix) continue;
    writer.xml.open("Version");
    add_fields(writer, entry);
    writer.xml.add("VersionId", "null");
    writer.xml.add("IsLatest", true);
    add_owner(writer, page);
    writer.xml.add("StorageClass", "STANDARD");
    writer.xml.close();
  }
  add_prefixes(writer, page.listed);
  return xml_answer(writer.xml.finish());
}

}  // namespace graft::s3
