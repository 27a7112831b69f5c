// What a model was asked and answered, kept in S3 as SageMaker's data capture keeps it: files of JSON lines, written
// behind the requests' backs.
//
//   <uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-ss-mmm-<uuid>.jsonl
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

#include "hosting/endpoint.h"
#include "http/message.h"
#include "remote/store.h"

namespace graft {

struct CapturedExchange {
  const Request& request;
  const Response& response;
};

// One line, without its end.
std::string capture_line(const CaptureSpec& spec, const CapturedExchange& exchange, const std::string& event_id,
                         std::chrono::system_clock::time_point time);

// The key below the capture's place of a file that begins at `time`.
std::string capture_key(const std::string& endpoint, const std::string& variant, const std::string& id,
                        std::chrono::system_clock::time_point time);

// Thread-safe.
class Capture {
 public:
  struct Options {
    std::function<S3Settings(const std::string& account)> s3{};
    std::chrono::milliseconds period{5'000};         // between files of a variant
    std::size_t most_bytes = std::size_t{64} << 20;  // that wait to be sent; what comes beyond is dropped
    std::size_t most_bytes_of_file = std::size_t{4} << 20;
  };
  explicit Capture(Options options);
  // Sends what waits, if the store takes it at the first try.
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Returns at once. Keeps as many of the exchanges as `spec.percentage` says.
  void add(const EndpointSpec& endpoint, const std::string& variant, const CaptureSpec& spec,
           const CapturedExchange& exchange);

  std::uint64_t dropped() const;

 private:
  // Account, uri, endpoint, variant: whose lines go into one file.
  using Place = std::tuple<std::string, std::string, std::string, std::string>;
  struct Batch {
    std::string lines{};
    std::chrono::system_clock::time_point begun{};
  };
  void run();
  bool send(const Place& place, const Batch& batch) const;
  void put_back(const Place& place, Batch batch);

  const Options options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Place, Batch> batches_;  // guarded by mutex_
  std::size_t bytes_ = 0;           // of all batches, those that are being sent too; guarded by mutex_
  std::uint64_t dropped_ = 0;       // guarded by mutex_
  bool full_ = false;               // a batch should go now; guarded by mutex_
  bool ending_ = false;             // guarded by mutex_
  std::thread thread_;
};

}  // namespace graft
