#include "s3/errors.h"
#include "s3/objects.h"
#include "s3/receive.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBody = 2 << 20;

// Why an object is not deleted, or nothing.
std::optional<WireError> refusal(const Call& call, const Bucket& bucket, const DeleteRequest::Item& item) {
  try {
    check_key(item.key);
    demand(item.version.empty() || item.version == "null", Code::no_such_version, "there is no version ", item.version);
    if (item.etag.empty()) return std::nullopt;
    const auto object = find_object(call.store, bucket.id, item.key);
    demand(object && object->etag == item.etag, Code::precondition_failed, "the object's ETag is another one");
    return std::nullopt;
  } catch (const Error& error) {
    return wire_error(error);
  }
}

}  // namespace

Response delete_objects(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const DeleteRequest request = parse_delete(receive_text(call, kMostBody));
  std::vector<std::string> keys;
  Xml xml("DeleteResult");
  for (const DeleteRequest::Item& item : request.items) {
    if (const auto error = refusal(call, bucket, item)) {
      xml.open("Error");
      xml.add("Key", item.key);
      xml.add("Code", error->code);
      xml.add("Message", error->message);
      xml.close();
      continue;
    }
    keys.push_back(item.key);
    if (request.quiet) continue;
    xml.open("Deleted");
    xml.add("Key", item.key);
    xml.close();
  }
  remove_objects(call.store, bucket.id, keys);
  return xml_answer(xml.finish());
}

}  // namespace graft::s3
