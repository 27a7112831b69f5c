// Calls that are one request each, and the list, which is one for each thousand objects.
#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "remote/s3_request.h"
#include "remote/s3_xml.h"
#include "remote/store.h"

namespace graft {
void list_objects(const S3Settings& settings, const S3Path& prefix,
                  const std::function<void(const RemoteObject&)>& each) {
  S3Request request{.path = {prefix.bucket, ""}};
  std::string token;
  do {
    request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix.key}};
    if (!token.empty()) request.query.emplace_back("continuation-token", token);
    const WebAnswer answer = call(settings, request);
    const ObjectPage page = parse_object_page(as_text(answer.body), name(prefix));
    if (!page.next.empty() && page.next == token) {
      fail(Kind::unavailable, name(prefix), ": the store's list does not end");
    }
    token = page.next;
    for (const RemoteObject& object : page.objects) each(object);
  } while (!token.empty());
}

std::optional<RemoteObject> find_object(const S3Settings& settings, const S3Path& path) {
  const WebAnswer answer = send(settings, {.method = "HEAD", .path = path});
  if (answer.status == 404) return std::nullopt;
  if (answer.status != 200) refuse(path, answer);
  RemoteObject object{.key = path.key};
  object.etag = find_header(answer.headers, "ETag").value_or("");
  std::erase(object.etag, '"');
  const std::string_view length = find_header(answer.headers, "Content-Length").value_or("");
  std::from_chars(length.data(), length.data() + length.size(), object.size);
  const std::string modified(find_header(answer.headers, "Last-Modified").value_or(""));
  object.modified = std::max<std::int64_t>(0, curl_getdate(modified.c_str(), nullptr));
  return object;
}

void put_object(const S3Settings& settings, const S3Path& path, ByteView content, const std::string& content_type) {
  S3Request request{.method = "PUT", .path = path, .body = body_of(content)};
  if (!content_type.empty()) request.headers = {{"content-type", content_type}};
  call(settings, request);
}

void delete_object(const S3Settings& settings, const S3Path& path) {
  call(settings, {.method = "DELETE", .path = path});
}

}  // namespace graft
