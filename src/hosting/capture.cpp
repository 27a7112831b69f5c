#include "hosting/capture.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "hosting/unique_id.h"

namespace graft {
namespace {

using std::chrono::system_clock;

constexpr std::size_t kOfEach = 512;  // bytes of a record besides its bodies, roughly

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

OrderedJson json_of(std::string_view mode, const CapturedSide& side) {
  std::string_view encoding = encoding_of(side.content_type);
  if (encoding != "BASE64" && !is_utf8(side.data)) encoding = "BASE64";
  return {{"observedContentType", side.content_type},
          {"mode", mode},
          {"data", encoding == "BASE64" ? base64(side.data) : side.data},
          {"encoding", encoding}};
}

std::optional<std::string> owned(std::optional<std::string_view> value) {
  if (!value) return std::nullopt;
  return std::string(*value);
}

}  // namespace

CapturedExchange captured(const CaptureSpec& spec, const Request& request, const Response& response) {
  const Headers& asked = request.headers;
  CapturedExchange kept{.inference_id = owned(find_header(asked, "X-Amzn-SageMaker-Inference-Id")),
                        .custom_attributes = owned(find_header(asked, "X-Amzn-SageMaker-Custom-Attributes")),
                        .event_id = unique_id(),
                        .time = system_clock::now()};
  if (spec.input) {
    kept.input = {std::string(find_header(asked, "Content-Type").value_or("")), std::string(as_text(request.body))};
  }
  if (spec.output) kept.output = {response.content_type, response.body};
  return kept;
}

std::string capture_line(const CapturedExchange& exchange) {
  OrderedJson data = OrderedJson::object(), event = {{"eventId", exchange.event_id}};
  if (exchange.input) data["endpointInput"] = json_of("INPUT", *exchange.input);
  if (exchange.output) data["endpointOutput"] = json_of("OUTPUT", *exchange.output);
  if (exchange.inference_id) event["inferenceId"] = *exchange.inference_id;
  if (exchange.custom_attributes) event["customAttributes"] = {*exchange.custom_attributes};
  event["inferenceTime"] = formatted(exchange.time, "%Y-%m-%dT%H:%M:%SZ");
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

void Capture::drop(const Place& place, std::size_t count) {
  dropped_ += count;
  const auto& [account, uri, endpoint, variant] = place;
  if (options_.dropped) options_.dropped(account, endpoint, variant, count);
}

void Capture::add(const EndpointSpec& endpoint, const std::string& variant, const CaptureSpec& spec,
                  const Request& request, const Response& response) {
  if (random_number() % 100 >= static_cast<std::uint64_t>(std::max(0, spec.percentage))) return;
  const std::size_t size = kOfEach + (spec.input ? request.body.size() : 0) + (spec.output ? response.body.size() : 0);
  const Place place{endpoint.account, spec.uri, endpoint.name, variant};
  {
    std::unique_lock lock(mutex_);
    std::size_t& here = bytes_of_[place];
    if (bytes_ + size > options_.most_bytes || here + size > options_.most_bytes_of_variant) {
      if (here == 0) bytes_of_.erase(place);
      lock.unlock();
      return drop(place, 1);
    }
    here += size;
    bytes_ += size;
    full_ = full_ || here >= options_.most_bytes_of_file;
  }
  CapturedExchange kept = captured(spec, request, response);
  kept.size = size;
  const std::lock_guard lock(mutex_);
  batches_[place].push_back(std::move(kept));
  if (full_) changed_.notify_one();
}

void Capture::run() {
  std::unique_lock lock(mutex_);
  std::uint64_t told = 0;
  for (bool well = true;;) {
    changed_.wait_for(lock, options_.period, [&] { return ending_ || (full_ && well); });
    const bool last = ending_;
    full_ = false;
    well = true;
    std::map<Place, Batch> taken = std::exchange(batches_, {});
    lock.unlock();
    if (dropped_ > told) spdlog::warn("data capture: {} records were dropped so far", dropped_.load());
    told = dropped_;
    for (auto& [place, batch] : taken) {
      Sent sent = Sent::well;
      // At the end a store that is not there is asked once, not for each file.
      while (!batch.empty() && sent != Sent::later && (well || !last)) sent = send_file(place, batch);
      well = well && sent != Sent::later;
      if (!batch.empty() && last) drop(place, batch.size());
      if (!batch.empty() && !last) put_back(place, std::move(batch));
    }
    if (last && !well) spdlog::warn("data capture: what was not sent yet is lost: the store does not take it");
    if (last) return;
    lock.lock();
  }
}

Capture::Sent Capture::send_file(const Place& place, Batch& batch) {
  std::size_t count = 0, bytes = 0;
  while (count < batch.size() && bytes < options_.most_bytes_of_file) bytes += batch[count++].size;
  const Sent sent = send(place, std::span(batch).first(count));
  if (sent == Sent::later) return sent;
  batch.erase(batch.begin(), batch.begin() + static_cast<std::ptrdiff_t>(count));
  take_off(place, bytes);
  if (sent == Sent::never) drop(place, count);
  return sent;
}

Capture::Sent Capture::send(const Place& place, std::span<const CapturedExchange> exchanges) const {
  const auto& [account, uri, endpoint, variant] = place;
  try {
    std::string lines;
    for (const CapturedExchange& each : exchanges) lines += capture_line(each) + "\n";
    S3Path path = parse_s3(uri);
    if (!path.key.empty() && !path.key.ends_with('/')) path.key += '/';
    path.key += capture_key(endpoint, variant, unique_id(), exchanges.front().time);
    put_object(options_.s3(account), path, as_bytes(lines), "application/jsonlines");
    return Sent::well;
  } catch (const Error& error) {
    spdlog::warn("data capture of {}: {}", endpoint, error.what());
    return error.kind() == Kind::unavailable ? Sent::later : Sent::never;
  } catch (const std::exception& error) {
    spdlog::error("data capture of {}: {}", endpoint, error.what());
    return Sent::never;
  }
}

void Capture::take_off(const Place& place, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  const auto here = bytes_of_.find(place);
  here->second -= bytes;
  if (here->second == 0) bytes_of_.erase(here);
}

// In front of what came meanwhile.
void Capture::put_back(const Place& place, Batch batch) {
  const std::lock_guard lock(mutex_);
  Batch& now = batches_[place];
  std::ranges::move(now, std::back_inserter(batch));
  now = std::move(batch);
}

}  // namespace graft
