// What a model was asked and answered, kept in S3 as SageMaker's data capture keeps it: files of JSON lines, written
// behind the requests' backs.
//
//   <uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-ss-mmm-<uuid>.jsonl
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "hosting/endpoint.h"
#include "http/message.h"
#include "remote/store.h"

namespace graft {

// What is kept of one exchange.
struct CapturedSide {
  std::string content_type{}, data{};
};
struct CapturedExchange {
  std::optional<CapturedSide> input{}, output{};
  std::optional<std::string> inference_id{}, custom_attributes{};
  std::string event_id{};
  std::chrono::system_clock::time_point time{};
  std::size_t size = 0;  // that it takes up
};
CapturedExchange captured(const CaptureSpec& spec, const Request& request, const Response& response);

// One line, without its end.
std::string capture_line(const CapturedExchange& exchange);

// The key below the capture's place of a file that begins at `time`.
std::string capture_key(const std::string& endpoint, const std::string& variant, const std::string& id,
                        std::chrono::system_clock::time_point time);

// Thread-safe.
class Capture {
 public:
  struct Options {
    std::function<S3Settings(const std::string& account)> s3{};
    // Told of records that were dropped; must return at once.
    std::function<void(const std::string& account, const std::string& endpoint, const std::string& variant,
                       std::uint64_t count)>
        dropped{};
    std::chrono::milliseconds period{5'000};  // between files of a variant
    // That wait to be sent, of all and of one variant; what comes beyond is dropped.
    std::size_t most_bytes = std::size_t{128} << 20, most_bytes_of_variant = std::size_t{16} << 20;
    std::size_t most_bytes_of_file = std::size_t{4} << 20;
  };
  explicit Capture(Options options);
  // Sends what waits, if the store takes it at the first try.
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  // Returns at once, having copied what is kept. Keeps as many of the exchanges as `spec.percentage` says.
  void add(const EndpointSpec& endpoint, const std::string& variant, const CaptureSpec& spec, const Request& request,
           const Response& response);

  std::uint64_t dropped() const { return dropped_; }

 private:
  // Account, uri, endpoint, variant: whose lines go into one file.
  using Place = std::tuple<std::string, std::string, std::string, std::string>;
  using Batch = std::vector<CapturedExchange>;
  enum class Sent { well, later, never };

  void run();
  // Sends the front of the batch, and takes it off unless it is to be sent later.
  Sent send_file(const Place& place, Batch& batch);
  Sent send(const Place& place, std::span<const CapturedExchange> exchanges) const;
  void take_off(const Place& place, std::size_t bytes);
  void put_back(const Place& place, Batch batch);
  void drop(const Place& place, std::size_t count);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Place, Batch> batches_;         // guarded by mutex_
  std::map<Place, std::size_t> bytes_of_;  // of its batch, also while it is sent; guarded by mutex_
  std::size_t bytes_ = 0;                  // of all of them; guarded by mutex_
  std::atomic<std::uint64_t> dropped_ = 0;
  bool full_ = false;    // a batch should go now; guarded by mutex_
  bool ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace graft
