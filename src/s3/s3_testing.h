// An object store in a folder of its own, asked without sockets. For tests.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "http/url.h"
#include "s3/object_service.h"

namespace graft::test {

// A request that was signed by whoever `caller` says.
class FakeExchange : public SignedExchange {
 public:
  FakeExchange(Request request, Caller caller, std::string body, Headers trailers = {})
      : request_(std::move(request)),
        caller_(std::move(caller)),
        body_(std::move(body)),
        trailers_(std::move(trailers)) {}

  const Request& request() const override { return request_; }
  std::optional<std::uint64_t> length() const override {
    return says_length ? std::optional<std::uint64_t>(body_.size()) : std::nullopt;
  }
  // In small pieces, as they come from a network.
  std::size_t read(std::span<std::byte> room) override {
    const std::size_t count = std::min({room.size(), body_.size() - at_, std::size_t{10'000}});
    std::memcpy(room.data(), body_.data() + at_, count);
    at_ += count;
    if (count == 0 && breaks) throw Error(Kind::unavailable, "", "the client is gone");
    return count;
  }
  void answer(Response response) override { given = std::move(response); }
  const Caller& caller() const override { return caller_; }
  const Headers& trailers() const override { return trailers_; }

  bool says_length = true;
  bool breaks = false;  // before the body's end
  std::optional<Response> given{};

 private:
  Request request_;
  Caller caller_;
  std::string body_;
  Headers trailers_;
  std::size_t at_ = 0;
};

inline const Caller kOwner{.account = "000000000001", .user = "admin", .region = "us-east-1", .service = "s3"};
inline const Caller kStranger{.account = "000000000002", .user = "admin", .region = "us-east-1", .service = "s3"};
inline const Caller kAnyone{.region = "us-east-1"};

// The body of an answer, wherever it lies.
inline std::string body_of(const Response& response) {
  if (!response.file) return response.body;
  std::string body(response.file->length, '\0');
  const ssize_t count =
      ::pread(response.file->file->fd, body.data(), body.size(), static_cast<off_t>(response.file->offset));
  body.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  return body;
}

class TestStore {
 public:
  TestStore() { start(); }
  // As after a kill.
  void restart() {
    service_.reset();
    start();
  }
  ObjectService& service() { return *service_; }
  std::filesystem::path folder() const { return folder_.path(); }
  std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder() / "objects")) {
      count += entry.is_regular_file();
    }
    return count;
  }

  // "PUT", "/bucket/key?tagging": paths and queries are percent-decoded.
  Response ask(const std::string& method, const std::string& target, const std::string& body = "", Headers headers = {},
               const Caller& caller = kOwner, Headers trailers = {});
  Response ask(FakeExchange& exchange) {
    done = service_->serve(exchange);
    return std::move(*exchange.given);
  }

  ObjectService::Done done{};

 private:
  void start() { service_ = std::make_unique<ObjectService>(ObjectServiceOptions{folder_.path(), "s3.example.org"}); }
  TemporaryFolder folder_;
  std::unique_ptr<ObjectService> service_;
};

inline Request make_request(const std::string& method, const std::string& target, Headers headers) {
  Request request{.method = method, .target = target, .headers = std::move(headers)};
  const auto parsed = parse_target(target);
  if (!parsed) throw std::logic_error("a test's target is none: " + target);
  request.path = parsed->path;
  request.query = parsed->query;
  return request;
}

inline Response TestStore::ask(const std::string& method, const std::string& target, const std::string& body,
                               Headers headers, const Caller& caller, Headers trailers) {
  FakeExchange exchange(make_request(method, target, std::move(headers)), caller, body, std::move(trailers));
  return ask(exchange);
}

// What stands between <name> and </name> the first time; empty where it does not.
inline std::string element(const std::string& xml, const std::string& name) {
  const std::size_t begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return {};
  const std::size_t from = begin + name.size() + 2;
  return xml.substr(from, xml.find("</" + name + ">", from) - from);
}

inline std::string header(const Response& response, std::string_view name) {
  return std::string(find_header(response.headers, name).value_or(""));
}

}  // namespace graft::test
