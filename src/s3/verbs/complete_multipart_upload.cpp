// The parts become one object: in the file where they lie at their places, or, where they do not, in a new one, into
// which the kernel copies them.
#include <map>

#include "base/crc.h"
#include "s3/conditions.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/receive.h"
#include "s3/uploads.h"
#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostBody = 8 << 20;
constexpr std::uint64_t kMostSize = std::uint64_t{5} << 40;

// The parts that the request names, in its order, all of them as it says.
std::vector<Part> choose_parts(Store& store, const Upload& upload, const std::vector<CompletedPart>& named) {
  std::map<int, Part> there;
  for (Part& part : parts_of(store, upload.id)) there.emplace(part.number, std::move(part));
  std::vector<Part> chosen;
  for (const CompletedPart& wanted : named) {
    demand(chosen.empty() || chosen.back().number < wanted.number, Code::invalid_part_order,
           "the parts are not in the order of their numbers");
    const auto found = there.find(wanted.number);
    demand(found != there.end() && found->second.etag == wanted.etag, Code::invalid_part, "part ", wanted.number,
           " was not uploaded, or its ETag is another one");
    for (const auto& [algorithm, value] : wanted.checksums) {
      demand(algorithm != upload.algorithm || value == found->second.checksum, Code::invalid_part, "the ",
             name_of(algorithm), " of part ", wanted.number, " is another one");
    }
    chosen.push_back(found->second);
  }
  return chosen;
}

void check_sizes(const std::vector<Part>& parts) {
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    demand(i + 1 == parts.size() || parts[i].size >= kLeastPart, Code::entity_too_small, "part ", parts[i].number,
           " has ", parts[i].size, " bytes; all but the last need 5 MiB");
    size += parts[i].size;
  }
  demand(size <= kMostSize, Code::entity_too_large, "an object has at most 5 TiB");
}

std::uint64_t number_of(std::string_view digest) {
  std::uint64_t number = 0;
  for (const char c : digest) number = number << 8 | static_cast<std::uint8_t>(c);
  return number;
}

const Crc& crc_of(Algorithm algorithm) {
  return algorithm == Algorithm::crc32 ? kCrc32 : algorithm == Algorithm::crc32c ? kCrc32c : kCrc64Nvme;
}

std::string checksum_of(const Upload& upload, const std::vector<Part>& parts) {
  if (upload.composite) {
    std::string all;
    for (const Part& part : parts) all += from_base64(part.checksum).value_or("");
    return base64(digest_of(*upload.algorithm, as_bytes(all))) + "-" + std::to_string(parts.size());
  }
  const Crc& kind = crc_of(*upload.algorithm);
  std::uint64_t crc = 0;
  for (const Part& part : parts) {
    crc = combine_crcs(kind, crc, number_of(from_base64(part.checksum).value_or("")), part.size);
  }
  std::string bytes;
  for (int shift = kind.bits - 8; shift >= 0; shift -= 8) bytes += static_cast<char>(crc >> shift);
  return base64(bytes);
}

Object object_of(const Upload& upload, const std::vector<Part>& parts) {
  Object object{.key = upload.key,
                .modified = now(),
                .is_public = upload.is_public,
                .headers = upload.headers,
                .tags = upload.tags};
  std::string digests;
  for (const Part& part : parts) {
    object.crc32c = static_cast<std::uint32_t>(combine_crcs(kCrc32c, object.crc32c, part.crc32c, part.size));
    object.size += part.size;
    object.parts.push_back(part.size);
    digests += from_hex(part.etag);
  }
  object.etag = to_hex(digest_of(Algorithm::md5, as_bytes(digests))) + "-" + std::to_string(parts.size());
  if (upload.algorithm) {
    object.checksums = {{std::string(header_of(*upload.algorithm)), checksum_of(upload, parts)}};
  }
  return object;
}

// What the request says of the whole object.
void check_whole(const Call& call, const Object& object) {
  const auto size = call.header("x-amz-mp-object-size");
  demand(!size || *size == std::to_string(object.size), Code::invalid_request, "the parts have ", object.size,
         " bytes together, not what x-amz-mp-object-size says");
  for (const auto& [name, value] : object.checksums) {
    const auto said = call.header(name);
    demand(!said || *said == value || value.starts_with(std::string(*said) + "-"), Code::bad_digest,
           "the checksum of the object is not what ", name, " says");
  }
}

void append(Store& store, NewFile& whole, const Part& part) {
  const auto file = store.files.open(part.file);
  demand(file != nullptr, Code::no_such_upload, "the upload was completed or aborted meanwhile");
  whole.append(*file, part.offset, part.size);
}

// Whether the parts, in their order, have their places one behind the other.
bool fit_together(const std::vector<Part>& parts, const Assembly& assembly) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size(), fits = parts[i].size == assembly.part_size;
    if (parts[i].number != static_cast<int>(i + 1) || (!fits && !(last && parts[i].size < assembly.part_size)))
      return false;
  }
  return true;
}

// The file that holds the parts behind each other, on disk: that of a single part, that of the places with what has a
// file of its own put there, or a new one.
struct Joined {
  FileId file = 0;
  std::optional<NewFile> made{};
  bool in_place = false;  // there may be something behind the object
};
Joined join(Store& store, const Upload& upload, const std::vector<Part>& parts, bool settled) {
  const auto assembly = find_assembly(*store.index.read(), upload.id);
  if (parts.size() == 1 && !(assembly && parts.front().file == assembly->file)) return {.file = parts.front().file};
  if (assembly && settled && fit_together(parts, *assembly)) {
    for (const Part& part : parts) {
      if (part.file == assembly->file) continue;
      NewFile place =
          store.files.open_at(assembly->file, static_cast<std::uint64_t>(part.number - 1) * assembly->part_size);
      append(store, place, part);
      place.sync();
    }
    return {.file = assembly->file, .in_place = true};
  }
  NewFile whole = store.files.create();
  for (const Part& part : parts) append(store, whole, part);
  whole.sync();
  const FileId file = whole.id();
  return {.file = file, .made = std::move(whole)};
}

}  // namespace

Response complete_multipart_upload(Call& call) {
  const Bucket bucket = open_bucket(call, Access::own);
  const Upload upload = find_upload(call.store, bucket.id, call.key, *call.parameter("uploadId"));
  const std::vector<CompletedPart> named = parse_complete(receive_plain_text(call, kMostBody));
  const Assemblies::Closing closing(call.store.assemblies, upload.id);
  const std::vector<Part> parts = choose_parts(call.store, upload, named);
  check_sizes(parts);
  Object object = object_of(upload, parts);
  check_whole(call, object);
  const Precondition condition = write_condition(call);
  Joined joined = join(call.store, upload, parts, closing.settled());
  object.file = joined.file;
  finish_upload(call.store, upload, object, condition);
  if (joined.made) joined.made->keep();
  if (joined.in_place) call.store.files.shorten(object.file, object.size);
  Xml xml("CompleteMultipartUploadResult");
  xml.add("Location", "/" + bucket.name + "/" + object.key);
  xml.add("Bucket", bucket.name);
  xml.add("Key", object.key);
  xml.add("ETag", in_quotes(object.etag));
  add_checksums(xml, object.checksums);
  if (upload.algorithm) xml.add("ChecksumType", upload.composite ? "COMPOSITE" : "FULL_OBJECT");
  Response response = xml_answer(xml.finish());
  add_encryption(response, object.headers);
  return response;
}

}  // namespace graft::s3
