// The small S3 of the tests, and its own test.
#include "remote/test_store.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/hmac.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "http/url.h"
#include "remote/digests.h"

namespace graft {
namespace {

constexpr std::size_t kPage = 3;

std::string hmac(std::string_view key, std::string_view data) {
  std::string result(32, '\0');
  unsigned int length = 32;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), reinterpret_cast<unsigned char*>(result.data()), &length);
  return result;
}

std::string hex_text(std::string_view bytes) {
  Digest digest{};
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return hex(digest);
}

// The text between `begin` and the next `end`.
std::string between(const std::string& all, const std::string& begin, char end) {
  const std::size_t at = all.find(begin);
  return at == std::string::npos ? ""
                                 : all.substr(at + begin.size(), all.find(end, at + begin.size()) - at - begin.size());
}

std::string header(const Request& request, std::string_view name) {
  return std::string(find_header(request.headers, name).value_or(""));
}

std::string encoded(const std::string& text) {
  std::string all = percent_encode_path(text);
  for (std::size_t at = all.find('/'); at != std::string::npos; at = all.find('/')) all.replace(at, 1, "%2F");
  return all;
}

std::string canonical_query(const Request& request) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : request.query) parts.push_back(encoded(name) + "=" + encoded(value));
  std::sort(parts.begin(), parts.end());
  return join(parts, "&");
}

std::string md5(std::string_view content) {
  Md5 hash;
  hash.update(as_bytes(content));
  return hash.finish();
}

std::string time_text(std::int64_t seconds, const char* format) {
  char words[64];
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  return {words, std::strftime(words, sizeof words, format, &parts)};
}

Response error(int status, const std::string& code) {
  return {status, "application/xml", "<Error><Code>" + code + "</Code><Message>it is so</Message></Error>"};
}

}  // namespace

std::string given_signature(const Request& request) {
  return between(header(request, "Authorization"), "Signature=", ',');
}

std::string expected_signature(const Request& request, const std::string& secret) {
  const std::string authorization = header(request, "Authorization");
  const std::string names = between(authorization, "SignedHeaders=", ',');
  const std::string scope = between(authorization, "Credential=", ',');
  std::string canonical =
      request.method + "\n" + percent_encode_path(request.path) + "\n" + canonical_query(request) + "\n";
  std::stringstream list(names);
  for (std::string name; std::getline(list, name, ';');) canonical += name + ":" + header(request, name) + "\n";
  canonical += "\n" + names + "\n" + header(request, "x-amz-content-sha256");
  std::stringstream parts(scope);
  std::string access_key, key = "AWS4" + secret, part;
  std::getline(parts, access_key, '/');
  while (std::getline(parts, part, '/')) key = hmac(key, part);
  const std::string rest = scope.substr(std::min(scope.size(), access_key.size() + 1));
  const std::string words =
      "AWS4-HMAC-SHA256\n" + header(request, "x-amz-date") + "\n" + rest + "\n" + hex(sha256(as_bytes(canonical)));
  return hex_text(hmac(key, words));
}

void TestStore::put(const std::string& path, const std::string& content, std::int64_t modified) {
  const std::lock_guard lock(mutex_);
  objects_[path] = {content, md5(content), modified};
}

void TestStore::erase(const std::string& path) {
  const std::lock_guard lock(mutex_);
  objects_.erase(path);
}

std::optional<std::string> TestStore::content(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  return found == objects_.end() ? std::nullopt : std::optional(found->second.content);
}

std::size_t TestStore::unfinished_uploads() const {
  const std::lock_guard lock(mutex_);
  return uploads_.size();
}

std::vector<std::string> TestStore::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t TestStore::count(const std::string& beginning) const {
  const std::vector<std::string> all = requests();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [&](const std::string& each) { return each.starts_with(beginning); }));
}

Request TestStore::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void TestStore::answer(const Request& request, const Reply& reply) {
  const std::lock_guard lock(mutex_);
  std::string line = request.method + " " + request.path;
  char mark = '?';
  for (const auto& [name, value] : request.query) {
    line += mark + name + "=" + value;
    mark = '&';
  }
  requests_.push_back(line);
  last_ = request;
  if (const auto wrong = fault ? fault(request) : std::nullopt) return reply(*wrong);
  reply(respond(request));
}

Response TestStore::respond(const Request& request) {
  if (given_signature(request) != expected_signature(request, settings().secret_key)) {
    return error(403, "SignatureDoesNotMatch");
  }
  if (header(request, "x-amz-content-sha256") != hex(sha256(request.body))) {
    return error(400, "XAmzContentSHA256Mismatch");
  }
  const std::string path = request.path.substr(1);
  if (request.query.contains("list-type")) return list(request);
  if (request.query.contains("uploads") || request.query.contains("uploadId")) return parts(request, path);
  if (request.method == "PUT") {
    const std::string content(as_text(request.body));
    objects_[path] = {content, md5(content), std::time(nullptr)};
    return {200, "", "", {{"ETag", '"' + md5(content) + '"'}}};
  }
  if (request.method == "DELETE") {
    objects_.erase(path);
    return {204};
  }
  const auto found = objects_.find(path);
  return found == objects_.end() ? error(404, "NoSuchKey") : get(found->second, request);
}

Response TestStore::get(const Object& object, const Request& request) {
  Response response{200, "binary/octet-stream", object.content};
  response.headers = {{"ETag", '"' + object.etag + '"'},
                      {"Last-Modified", time_text(object.modified, "%a, %d %b %Y %H:%M:%S GMT")}};
  if (request.method == "HEAD") {
    response.length = object.content.size();
    response.body.clear();
  }
  return response;
}

Response TestStore::list(const Request& request) const {
  const std::string bucket = request.path.substr(1);
  const auto value = [&](const char* name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? "" : found->second;
  };
  const std::string after = percent_decode(value("continuation-token")).value_or("");
  std::string entries, next;
  std::size_t keys = 0;
  for (const auto& [path, object] : objects_) {
    if (!path.starts_with(bucket + value("prefix")) || path <= bucket + after) continue;
    if (keys++ == kPage) break;
    next = path.substr(bucket.size());
    std::string key = encoded(next);
    for (std::size_t at = key.find("%20"); at != std::string::npos; at = key.find("%20")) key.replace(at, 3, "+");
    entries += text("<Contents><Key>", key, "</Key><Size>", object.content.size(), "</Size><ETag>&quot;", object.etag,
                    "&quot;</ETag><LastModified>", time_text(object.modified, "%Y-%m-%dT%H:%M:%S.000Z"),
                    "</LastModified></Contents>");
  }
  const bool more = keys > kPage;
  return {
      200, "application/xml",
      text("<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
           "<EncodingType>url</EncodingType><IsTruncated>",
           more ? "true" : "false", "</IsTruncated>", entries,
           more ? "<NextContinuationToken>" + encoded(next) + "</NextContinuationToken>" : "", "</ListBucketResult>")};
}

Response TestStore::parts(const Request& request, const std::string& path) {
  if (request.query.contains("uploads")) {
    const std::string id = "upload/" + std::to_string(uploads_.size()) + "+=";
    uploads_[id];
    return {200, "application/xml",
            "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>"};
  }
  const auto upload = uploads_.find(request.query.at("uploadId"));
  if (upload == uploads_.end()) return error(404, "NoSuchUpload");
  if (request.method == "PUT") {
    const std::string content(as_text(request.body));
    upload->second[std::stoi(request.query.at("partNumber"))] = content;
    return {200, "", "", {{"ETag", '"' + md5(content) + '"'}}};
  }
  if (request.method == "POST") {
    std::string content, words(as_text(request.body));
    Md5 digests;
    for (const auto& [number, part] : upload->second) {
      const std::string expected = text("<PartNumber>", number, "</PartNumber><ETag>\"", md5(part), "\"</ETag>");
      if (words.find(expected) == std::string::npos) return error(400, "InvalidPart");
      content += part;
      digests.update(md5_bytes(md5(part)));
    }
    objects_[path] = {content, text(digests.finish(), "-", upload->second.size()), std::time(nullptr)};
  }
  uploads_.erase(upload);
  return {200, "application/xml", "<CompleteMultipartUploadResult/>"};
}

ScriptedServer::ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
  listen(listener_, 8);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_, SHUT_RDWR);
  if (thread_.joinable()) thread_.join();
  close(listener_);
}

std::vector<std::string> ScriptedServer::heads() {
  thread_.join();
  return heads_;
}

void ScriptedServer::run() {
  for (const std::string& answer : answers_) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    std::string head;
    char room[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      const ssize_t count = recv(connection, room, sizeof room, 0);
      if (count <= 0) break;
      head.append(room, static_cast<std::size_t>(count));
    }
    heads_.push_back(head);
    for (std::size_t sent = 0; sent < answer.size();) {
      const ssize_t count = send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) break;
      sent += static_cast<std::size_t>(count);
    }
    close(connection);
  }
}

std::string problem_of(const std::function<void()>& work) {
  static constexpr const char* kKinds[] = {"invalid", "denied", "not_found", "conflict", "unavailable", "internal"};
  try {
    work();
    return "none";
  } catch (const Error& error) {
    return text(kKinds[static_cast<int>(error.kind())], ": ", error.what());
  }
}

namespace {

TEST(TestStoreCheck, GivesTheSignaturesThatAwsPublishes) {
  // "GET Object" and "GET Bucket Lifecycle" in "Authenticating Requests: Using the Authorization Header" of the S3 API
  // reference.
  const std::string empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const std::string scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,";
  Request request{
      .method = "GET",
      .path = "/test.txt",
      .headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                  {"Range", "bytes=0-9"},
                  {"x-amz-content-sha256", empty},
                  {"x-amz-date", "20130524T000000Z"},
                  {"Authorization", scope + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=x"}}};
  const std::string secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  EXPECT_EQ(expected_signature(request, secret), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  request.path = "/";
  request.query = {{"lifecycle", ""}};
  request.headers.erase(request.headers.begin() + 1);
  request.headers.back().second = scope + "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=x";
  EXPECT_EQ(expected_signature(request, secret), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

}  // namespace
}  // namespace graft
