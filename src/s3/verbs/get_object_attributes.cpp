#include <algorithm>

#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

void add_parts(Xml& xml, const Call& call, const Object& object) {
  constexpr std::size_t kMost = 1000;
  const auto number = [&](std::string_view header, std::size_t otherwise) {
    const std::string value(call.header(header).value_or(""));
    demand(value.size() <= 6 && value.find_first_not_of("0123456789") == std::string::npos, Code::invalid_argument,
           header, " has to be a number");
    return value.empty() ? otherwise : std::min(otherwise == 0 ? object.parts.size() : otherwise, std::stoul(value));
  };
  const std::size_t marker = number("x-amz-part-number-marker", 0), most = number("x-amz-max-parts", kMost);
  const std::size_t end = std::min(object.parts.size(), marker + most);
  xml.open("ObjectParts");
  xml.add("PartsCount", std::uint64_t{object.parts.size()});
  xml.add("PartNumberMarker", std::uint64_t{marker});
  xml.add("NextPartNumberMarker", std::uint64_t{end});
  xml.add("MaxParts", std::uint64_t{most});
  xml.add("IsTruncated", end < object.parts.size());
  for (std::size_t i = marker; i < end; ++i) {
    xml.open("Part");
    xml.add("PartNumber", std::uint64_t{i + 1});
    xml.add("Size", object.parts[i]);
    xml.close();
  }
  xml.close();
}

}  // namespace

Response get_object_attributes(Call& call) {
  check_key(call.key);
  const Bucket bucket = open_bucket(call, Access::own);
  const auto object = find_object(call.store, bucket.id, call.key);
  demand(object.has_value(), Code::no_such_key, "no object has the key ", call.key);
  const std::string wanted = "," + std::string(call.header("x-amz-object-attributes").value_or("")) + ",";
  const auto asks = [&](const std::string& name) { return wanted.find("," + name + ",") != std::string::npos; };
  Xml xml("GetObjectAttributesResponse");
  if (asks("ETag")) xml.add("ETag", object->etag);
  if (asks("Checksum") && !object->checksums.empty()) {
    xml.open("Checksum");
    add_checksums(xml, object->checksums);
    xml.close();
  }
  if (asks("ObjectParts") && !object->parts.empty()) add_parts(xml, call, *object);
  if (asks("StorageClass")) xml.add("StorageClass", "STANDARD");
  if (asks("ObjectSize")) xml.add("ObjectSize", object->size);
  Response response = xml_answer(xml.finish());
  response.headers.emplace_back("Last-Modified", http_date(object->modified));
  return response;
}

}  // namespace graft::s3
