// GetObject and HeadObject, which differ in the body alone.
#include <algorithm>

#include "base/crc.h"
#include "s3/checksum.h"
#include "s3/conditions.h"
#include "s3/dates.h"
#include "s3/errors.h"
#include "s3/object_headers.h"
#include "s3/public_access.h"
#include "s3/range.h"
#include "s3/verbs.h"

namespace graft::s3 {
namespace {

struct Content {
  Object object;
  std::shared_ptr<const Descriptor> file{};
};

// With its file open, so that who replaces the object meanwhile changes nothing for this reader.
Content find(const Call& call, const Bucket& bucket, bool with_bytes) {
  constexpr int kMostTries = 100;
  for (int i = 0; i < kMostTries; ++i) {
    auto object = find_object(call.store, bucket.id, call.key, with_bytes);
    if (!is_owner(call, bucket)) {
      const bool readable = anyone_may_read(call.store, bucket, call.key, object && object->is_public);
      // Who may not list is not told what there is.
      demand(readable && (object || anyone_may_list(call.store, bucket)), Code::access_denied,
             call.caller().anonymous() ? "this object is not public; sign the request"
                                       : "this object is another account's, and is not public");
    }
    demand(object.has_value(), Code::no_such_key, "no object has the key ", call.key);
    if (object->file == 0 || !with_bytes) return {std::move(*object)};
    if (auto file = call.store.files.open(object->file)) return {std::move(*object), std::move(file)};
  }
  fail(Kind::internal, "the file of the object ", call.bucket, "/", call.key, " is missing");
}

// The range of the part that ?partNumber names.
std::optional<Range> part_range(const Call& call, const Object& object, Response& response) {
  if (!call.parameter("partNumber")) return std::nullopt;
  demand(!call.header("range"), Code::invalid_request, "Range and partNumber exclude each other");
  const std::size_t number = call.number("partNumber", 1, 10'001),
                    count = std::max<std::size_t>(object.parts.size(), 1);
  demand(number >= 1 && number <= count, Code::invalid_range, "the object has ", count, " parts");
  if (object.parts.empty()) return std::nullopt;
  response.headers.emplace_back("x-amz-mp-parts-count", std::to_string(count));
  Range range;
  for (std::size_t i = 0; i + 1 < number; ++i) range.first += object.parts[i];
  range.length = object.parts[number - 1];
  return range;
}

bool is_plain(const std::string& value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// ?response-content-type and its kin.
void override_headers(const Call& call, Response& response) {
  constexpr std::string_view kPrefix = "response-";
  for (const auto& [parameter, value] : call.request().query) {
    if (!parameter.starts_with(kPrefix)) continue;
    demand(!call.caller().anonymous(), Code::invalid_request, parameter, " needs a signed request");
    demand(is_plain(value), Code::invalid_argument, parameter, " holds a control character");
    const std::string name = parameter.substr(kPrefix.size());
    if (name == "content-type") {
      response.content_type = value;
      continue;
    }
    std::erase_if(response.headers, [&](const auto& header) { return header.first == name; });
    response.headers.emplace_back(name, value);
  }
}

void add_whole_checksums(const Call& call, const Object& object, Response& response) {
  if (call.header("x-amz-checksum-mode").value_or("") != "ENABLED") return;
  if (!object.checksums.empty()) return add_checksums(response, object);
  std::string crc;
  for (int shift = 24; shift >= 0; shift -= 8) crc += static_cast<char>(object.crc32c >> shift);
  Object own{.checksums = {{std::string(header_of(Algorithm::crc32c)), base64(crc)}}};
  add_checksums(response, own);
}

// Of a part of a file nobody knows the checksum.
void check_soundness(const Call& call, const Content& content, bool in_part) {
  const Object& object = content.object;
  if (content.file) {
    if (!in_part) call.store.soundness.check(object.file, *content.file, object.size, object.crc32c);
  } else if (crc32c(0, as_bytes(object.bytes)) != object.crc32c) {
    fail(Kind::internal, "the content of ", call.bucket, "/", call.key, " is damaged on the disk");
  }
}

void add_body(Response& response, Content content, const Range& range) {
  if (content.file) {
    response.file = FileBody{std::move(content.file), range.first, range.length};
  } else if (range.length == content.object.bytes.size()) {
    response.body = std::move(content.object.bytes);
  } else {
    response.body = content.object.bytes.substr(range.first, range.length);
  }
}

Response read_object(Call& call, bool with_bytes) {
  check_key(call.key);
  const Bucket bucket = open_bucket_of(call);
  Content content = find(call, bucket, with_bytes);
  const Object& object = content.object;
  Response response;
  add_headers(response, object);
  const Verdict verdict = judge(call, object);
  demand(verdict != Verdict::failed, Code::precondition_failed, "the object is not as the request's conditions say");
  if (verdict == Verdict::not_modified) {
    response.status = 304;
    return response;
  }
  std::optional<Range> range = part_range(call, object, response);
  if (const auto header = call.header("range")) range = parse_range(*header, object.size);
  if (range) {
    response.status = 206;
    response.headers.emplace_back(
        "Content-Range", text("bytes ", range->first, "-", range->first + range->length - 1, "/", object.size));
  } else {
    add_whole_checksums(call, object, response);
  }
  override_headers(call, response);
  const Range whole{0, object.size};
  if (!with_bytes) {
    response.length = range.value_or(whole).length;
  } else {
    check_soundness(call, content, range.has_value());
    add_body(response, std::move(content), range.value_or(whole));
  }
  return response;
}

}  // namespace

Response get_object(Call& call) {
  return read_object(call, true);
}

Response head_object(Call& call) {
  return read_object(call, false);
}

}  // namespace graft::s3
