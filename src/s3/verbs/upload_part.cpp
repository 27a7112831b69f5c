// UploadPart and UploadPartCopy.
#include "s3/copy_source.h"
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/range.h"
#include "s3/receive.h"
#include "s3/uploads.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

int part_number(const Call& call) {
  const std::size_t number = call.number("partNumber", 0, kMostParts + 1);
  demand(number >= 1 && number <= kMostParts, Code::invalid_argument, "partNumber has to be from 1 to ", kMostParts);
  return static_cast<int>(number);
}

Upload open_upload(const Call& call, const Bucket& bucket) {
  return find_upload(call.store, bucket.id, call.key, *call.parameter("uploadId"));
}

using Place = std::optional<Assemblies::Place>;

// Nothing where the part's length is not known, too.
Place place_of(Call& call, const Upload& upload, int number, std::optional<std::uint64_t> length) {
  return length ? call.store.assemblies.take(upload.id, number, *length) : std::nullopt;
}

const Assemblies::Place* pointer_to(const Place& place) {
  return place ? &*place : nullptr;
}

// The part is the upload's when it returns.
Part keep(Call& call, const Upload& upload, int number, Received received) {
  demand(!upload.algorithm || received.algorithm == upload.algorithm, Code::invalid_request,
         "the upload was begun with the checksum ", upload.algorithm ? name_of(*upload.algorithm) : "",
         ", so its parts cannot have another one");
  const Part part{.number = number,
                  .size = received.size,
                  .modified = now(),
                  .etag = to_hex(received.md5),
                  .crc32c = received.crc32c,
                  .checksum = received.checksum,
                  .file = received.file->id()};
  put_part(call.store, upload.id, part);
  received.file->keep();
  return part;
}

// The whole source, or what x-amz-copy-source-range says of it.
Range source_range(const Call& call, const Object& object) {
  const auto header = call.header("x-amz-copy-source-range");
  if (!header) return {0, object.size};
  const auto range = parse_range(*header, object.size);
  demand(range.has_value(), Code::invalid_argument, "x-amz-copy-source-range has to be bytes=FIRST-LAST");
  return *range;
}

}  // namespace

Response upload_part(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const Upload upload = open_upload(call, bucket);
  const int number = part_number(call);
  const auto length = call.exchange.length();
  call.store.check_room(length.value_or(0));
  const Place place = place_of(call, upload, number, length);
  Received received = receive(call, {.algorithm = upload.algorithm, .as_file = true, .place = pointer_to(place)});
  demand(!length || received.size == *length, Code::invalid_request, "the part has ", received.size,
         " bytes, not as many as the request says");
  Response response;
  const Headers checksums = received.checksums();
  const Part part = keep(call, upload, number, std::move(received));
  response.headers = checksums;
  response.headers.emplace_back("ETag", in_quotes(part.etag));
  add_encryption(response, upload.headers);
  return response;
}

Response upload_part_copy(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const Upload upload = open_upload(call, bucket);
  const int number = part_number(call);
  const CopySource source = open_copy_source(call);
  const Range range = source_range(call, source.object);
  demand(range.length <= kMostInOnePut, Code::entity_too_large, "a part has at most 5 GiB");
  const Place place = place_of(call, upload, number, range.length);
  Received received = copy_range(call.store, source, range.first, range.length,
                                 {.algorithm = upload.algorithm, .place = pointer_to(place)});
  const Headers checksums = received.checksums();
  const Part part = keep(call, upload, number, std::move(received));
  Xml xml("CopyPartResult");
  xml.add("LastModified", iso_date(part.modified));
  xml.add("ETag", in_quotes(part.etag));
  add_checksums(xml, checksums);
  return xml_answer(xml.finish());
}

}  // namespace graft::s3
