#include "hosting/capture.h"

#include <openssl/evp.h>

#include <array>
#include <ctime>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "hosting/unique_id.h"

namespace graft {
namespace {

using std::chrono::system_clock;

std::string formatted(system_clock::time_point time, const char* format) {
  const std::time_t seconds = system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> buffer{};
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), format, &parts)};
}

// JSON and CSV as they are, when they are text that JSON can hold; all else in base64.
std::string_view encoding_of(std::string_view content_type) {
  if (content_type.starts_with("text/csv")) return "CSV";
  if (content_type.starts_with("application/json")) return "JSON";
  return "BASE64";
}

std::string base64(std::string_view data) {
  // OpenSSL writes a zero behind it.
  std::string encoded((data.size() + 2) / 3 * 4 + 1, '\0');
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()), bytes, static_cast<int>(data.size()));
  encoded.pop_back();
  return encoded;
}

bool is_utf8(std::string_view data) {
  try {
    return !Json(std::string(data)).dump().empty();
  } catch (const Json::exception&) {
    return false;
  }
}

OrderedJson side(std::string_view mode, std::string_view content_type, std::string_view data) {
  std::string_view encoding = encoding_of(content_type);
  if (encoding != "BASE64" && !is_utf8(data)) encoding = "BASE64";
  return {{"observedContentType", content_type},
          {"mode", mode},
          {"data", encoding == "BASE64" ? base64(data) : std::string(data)},
          {"encoding", encoding}};
}

}  // namespace

std::string capture_line(const CaptureSpec& spec, const CapturedExchange& exchange, const std::string& event_id,
                         system_clock::time_point time) {
  const Headers& asked = exchange.request.headers;
  OrderedJson data = OrderedJson::object(), event = {{"eventId", event_id}};
  if (spec.input) {
    const std::string_view type = find_header(asked, "Content-Type").value_or("");
    data["endpointInput"] = side("INPUT", type, as_text(exchange.request.body));
  }
  if (spec.output) data["endpointOutput"] = side("OUTPUT", exchange.response.content_type, exchange.response.body);
  if (const auto id = find_header(asked, "X-Amzn-SageMaker-Inference-Id")) event["inferenceId"] = *id;
  if (const auto attributes = find_header(asked, "X-Amzn-SageMaker-Custom-Attributes")) {
    event["customAttributes"] = {*attributes};
  }
  event["inferenceTime"] = formatted(time, "%Y-%m-%dT%H:%M:%SZ");
  const OrderedJson line = {{"captureData", data}, {"eventMetadata", event}, {"eventVersion", "0"}};
  return line.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string capture_key(const std::string& endpoint, const std::string& variant, const std::string& id,
                        system_clock::time_point time) {
  constexpr int kThousand = 1000;
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::string thousandths = std::to_string(kThousand + since % kThousand).substr(1);
  return text(endpoint, "/", variant, formatted(time, "/%Y/%m/%d/%H/%M-%S-"), thousandths, "-", id, ".jsonl");
}

Capture::Capture(Options options) : options_(std::move(options)), thread_([this] { run(); }) {}

Capture::~Capture() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::uint64_t Capture::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void Capture::add(const EndpointSpec& endpoint, const std::string& variant, const CaptureSpec& spec,
                  const CapturedExchange& exchange) {
  if (random_number() % 100 >= static_cast<std::uint64_t>(std::max(0, spec.percentage))) return;
  const auto now = system_clock::now();
  // Base64 takes four bytes for three; looked at before the work is done for nothing.
  const std::size_t size = (exchange.request.body.size() + exchange.response.body.size()) / 3 * 4;
  {
    const std::lock_guard lock(mutex_);
    if (bytes_ + size > options_.most_bytes) {
      ++dropped_;
      return;
    }
  }
  const std::string line = capture_line(spec, exchange, unique_id(), now) + "\n";
  const std::lock_guard lock(mutex_);
  Batch& batch = batches_[{endpoint.account, spec.uri, endpoint.name, variant}];
  if (batch.lines.empty()) batch.begun = now;
  batch.lines += line;
  bytes_ += line.size();
  full_ = full_ || batch.lines.size() >= options_.most_bytes_of_file;
  if (full_) changed_.notify_one();
}

void Capture::run() {
  std::unique_lock lock(mutex_);
  bool well = true;
  for (std::uint64_t told = 0;;) {
    changed_.wait_for(lock, options_.period, [&] { return ending_ || (full_ && well); });
    const bool last = ending_;
    full_ = false;
    well = well || last;
    const std::map<Place, Batch> taken = std::exchange(batches_, {});
    if (dropped_ > told)
      spdlog::warn("data capture: {} records were dropped so far: the store does not take them", dropped_);
    told = dropped_;
    for (const auto& [place, batch] : taken) {
      lock.unlock();
      // At the end a store that is not there is asked once, not for each file.
      well = (well || !last) && send(place, batch);
      lock.lock();
      bytes_ -= batch.lines.size();
      if (!well && !last) put_back(place, batch);
    }
    if (last && !well) spdlog::warn("data capture: what was not sent yet is lost: the store does not take it");
    if (last) return;
  }
}

bool Capture::send(const Place& place, const Batch& batch) const {
  const auto& [account, uri, endpoint, variant] = place;
  try {
    S3Path path = parse_s3(uri);
    if (!path.key.empty() && !path.key.ends_with('/')) path.key += '/';
    path.key += capture_key(endpoint, variant, unique_id(), batch.begun);
    put_object(options_.s3(account), path, as_bytes(batch.lines), "application/jsonlines");
    return true;
  } catch (const std::exception& error) {
    spdlog::warn("data capture of {}: {}", endpoint, error.what());
    return false;
  }
}

// In front of what came meanwhile. REQUIRES: the lock.
void Capture::put_back(const Place& place, Batch batch) {
  bytes_ += batch.lines.size();
  Batch& now = batches_[place];
  now.lines = batch.lines + now.lines;
  now.begun = batch.begun;
}

}  // namespace graft
