// A small S3 in memory for tests. Signatures are checked by the rules of Signature Version 4, and not as libcurl makes
// them; faults are what a test says.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "remote/store.h"

namespace graft {

// The signature that the request should have.
std::string expected_signature(const Request& request, const std::string& secret);
std::string given_signature(const Request& request);

class TestStore {
 public:
  TestStore() = default;

  S3Settings settings() const {
    return {.endpoint = url(), .region = "eu-central-1", .access_key = "id", .secret_key = "secret/+="};
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  // By "bucket/key".
  void put(const std::string& path, const std::string& content, std::int64_t modified = 1'700'000'000);
  void erase(const std::string& path);
  std::optional<std::string> content(const std::string& path) const;
  std::size_t unfinished_uploads() const;
  // "PUT /bucket/key?partNumber=1", decoded, in the order they came.
  std::vector<std::string> requests() const;
  std::size_t count(const std::string& beginning) const;
  Request last() const;

  // Does what a CompleteMultipartUpload asks. REQUIRES: called by `fault`.
  void complete(const Request& request) { respond(request); }

  // Answers in the store's place when it gives something. Called for one request at a time.
  std::function<std::optional<Response>(const Request&)> fault{};

 private:
  struct Object {
    std::string content{}, etag{};
    std::int64_t modified = 0;
  };
  void answer(const Request& request, const Reply& reply);
  Response respond(const Request& request);
  Response list(const Request& request) const;
  Response parts(const Request& request, const std::string& path);
  static Response get(const Object& object, const Request& request);

  mutable std::mutex mutex_;
  std::map<std::string, Object> objects_;                      // guarded by mutex_
  std::map<std::string, std::map<int, std::string>> uploads_;  // guarded by mutex_
  std::vector<std::string> requests_;                          // guarded by mutex_
  Request last_;                                               // guarded by mutex_
  Server server_{{}, [this](const Request& request, const Reply& reply) { answer(request, reply); }};
};

// Answers one connection after the other with these bytes, and closes each. What the clients sent is kept.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  S3Settings settings() const { return {.endpoint = "http://127.0.0.1:" + std::to_string(port_)}; }
  // Waits until all answers were given.
  std::vector<std::string> heads();

 private:
  void run();

  std::vector<std::string> answers_, heads_{};
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// The error that `work` throws, as "kind: sentence".
std::string problem_of(const std::function<void()>& work);

}  // namespace graft
