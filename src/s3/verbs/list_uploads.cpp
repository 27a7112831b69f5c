// ListParts and ListMultipartUploads.
#include <set>

#include "http/url.h"
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/listing.h"
#include "s3/object_headers.h"
#include "s3/uploads.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMost = 1000;

void add_upload_row(Xml& xml, const Upload& upload, const std::string& key) {
  xml.open("Upload");
  xml.add("Key", key);
  xml.add("UploadId", upload.id);
  add_person(xml, "Initiator", upload.account);
  add_person(xml, "Owner", upload.account);
  xml.add("StorageClass", "STANDARD");
  xml.add("Initiated", iso_date(upload.begun));
  if (upload.algorithm) xml.add("ChecksumAlgorithm", name_of(*upload.algorithm));
  xml.close();
}

}  // namespace

Response list_parts(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const Upload upload = find_upload(call.store, bucket.id, call.key, *call.parameter("uploadId"));
  const std::size_t most = call.number("max-parts", kMost, kMost),
                    marker = call.number("part-number-marker", 0, kMostParts);
  std::vector<Part> parts = parts_of(call.store, upload.id, static_cast<int>(marker), most + 1);
  const bool truncated = parts.size() > most;
  if (truncated) parts.resize(most);
  Xml xml("ListPartsResult");
  xml.add("Bucket", bucket.name);
  xml.add("Key", upload.key);
  xml.add("UploadId", upload.id);
  add_person(xml, "Initiator", upload.account);
  add_person(xml, "Owner", upload.account);
  xml.add("StorageClass", "STANDARD");
  xml.add("PartNumberMarker", std::uint64_t{marker});
  if (!parts.empty()) xml.add("NextPartNumberMarker", static_cast<std::uint64_t>(parts.back().number));
  xml.add("MaxParts", std::uint64_t{most});
  xml.add("IsTruncated", truncated);
  if (upload.algorithm) {
    xml.add("ChecksumAlgorithm", name_of(*upload.algorithm));
    xml.add("ChecksumType", upload.composite ? "COMPOSITE" : "FULL_OBJECT");
  }
  for (const Part& part : parts) {
    xml.open("Part");
    xml.add("PartNumber", static_cast<std::uint64_t>(part.number));
    xml.add("LastModified", iso_date(part.modified));
    xml.add("ETag", in_quotes(part.etag));
    xml.add("Size", part.size);
    if (upload.algorithm) xml.add(element_of(*upload.algorithm), part.checksum);
    xml.close();
  }
  return xml_answer(xml.finish());
}

Response list_multipart_uploads(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const std::string prefix = call.parameter("prefix").value_or(""),
                    key_marker = call.parameter("key-marker").value_or(""),
                    delimiter = call.parameter("delimiter").value_or("");
  // Without an id's marker, all uploads of the key at the marker have been listed; no id is behind this one.
  const std::string id_marker = call.parameter("upload-id-marker").value_or(key_marker.empty() ? "" : "~");
  const std::size_t most = call.number("max-uploads", kMost, kMost);
  const bool encoded = call.parameter("encoding-type") == "url";
  const auto shown = [&](const std::string& key) { return encoded ? percent_encode_path(key) : key; };
  std::vector<Upload> uploads = list_uploads(call.store, bucket.id, prefix, key_marker, id_marker, most + 1);
  std::erase_if(uploads, [&](const Upload& upload) { return !upload.key.starts_with(prefix); });
  const bool truncated = uploads.size() > most;
  if (truncated) uploads.resize(most);
  Xml xml("ListMultipartUploadsResult");
  xml.add("Bucket", bucket.name);
  xml.add("KeyMarker", shown(key_marker));
  xml.add("UploadIdMarker", call.parameter("upload-id-marker").value_or(""));
  xml.add("Prefix", shown(prefix));
  if (!delimiter.empty()) xml.add("Delimiter", shown(delimiter));
  if (encoded) xml.add("EncodingType", "url");
  if (truncated && most > 0) {
    xml.add("NextKeyMarker", shown(uploads.back().key));
    xml.add("NextUploadIdMarker", uploads.back().id);
  }
  xml.add("MaxUploads", std::uint64_t{most});
  xml.add("IsTruncated", truncated);
  std::set<std::string> groups;
  for (const Upload& upload : uploads) {
    const std::size_t at = delimiter.empty() ? std::string::npos : upload.key.find(delimiter, prefix.size());
    if (at == std::string::npos) {
      add_upload_row(xml, upload, shown(upload.key));
    } else {
      groups.insert(upload.key.substr(0, at + delimiter.size()));
    }
  }
  for (const std::string& group : groups) {
    xml.open("CommonPrefixes");
    xml.add("Prefix", shown(group));
    xml.close();
  }
  return xml_answer(xml.finish());
}

}  // namespace graft::s3
