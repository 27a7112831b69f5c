#include "remote/object_reader.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "remote/digests.h"

namespace graft {
namespace {

std::optional<std::uint64_t> number(std::string_view words) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), value);
  if (error != std::errc() || end != words.data() + words.size() || words.empty()) return std::nullopt;
  return value;
}

class Reading {
 public:
  Reading(const S3Path& path, const ReadLimits& limits, const std::function<void(ByteView)>& sink)
      : path_(path), limits_(limits), sink_(sink) {}

  S3Request request() {
    begun_ = false;
    S3Request request{.path = path_, .deadline = limits_.deadline};
    request.headers = {{"x-amz-checksum-mode", "ENABLED"}};
    if (done_ > 0) {
      request.headers.emplace_back("range", text("bytes=", done_, "-"));
      if (!etag_.empty()) request.headers.emplace_back("if-match", etag_);
    }
    request.sink = [this](const WebAnswer& head, ByteView bytes) { take(head, bytes); };
    return request;
  }
  const std::uint64_t* done() const { return &done_; }

  RemoteObject finish(const WebAnswer& answer) {
    if (answer.status == 412) throw Error(Kind::unavailable, kChanged, text(name(path_), " changed while it was read"));
    if (answer.status != 200 && answer.status != 206) refuse(path_, answer);
    if (!begun_) begin(answer);  // an empty body
    if (done_ != size_) {
      fail(Kind::unavailable, name(path_), ": it is cut off: ", done_, " of ", size_, " bytes arrived");
    }
    const std::string wrong = check_->finish();
    if (!wrong.empty()) {
      throw Error(Kind::unavailable, kCorrupt, text(name(path_), ": what arrived does not match ", wrong));
    }
    RemoteObject object{.key = path_.key, .etag = etag_, .size = size_, .modified = modified_};
    std::erase(object.etag, '"');
    return object;
  }

 private:
  // The head of a new answer: the whole object, or what is left of it.
  void begin(const WebAnswer& head) {
    begun_ = true;
    const auto length = number(find_header(head.headers, "Content-Length").value_or(""));
    if (!length) fail(Kind::unavailable, name(path_), ": the store does not say how long it is");
    skip_ = head.status == 206 ? 0 : done_;
    if (head.status == 206) check_range(head);
    const std::uint64_t size = *length + (head.status == 206 ? done_ : 0);
    std::string etag(find_header(head.headers, "ETag").value_or(""));
    const bool again = check_.has_value();
    if (again && (size != size_ || etag != etag_)) {
      throw Error(Kind::unavailable, kChanged, text(name(path_), " changed while it was read"));
    }
    if (again) return;
    if (size > limits_.bytes) fail(Kind::unavailable, name(path_), ": it is larger than ", limits_.bytes, " bytes");
    size_ = size;
    etag_ = std::move(etag);
    const std::string modified(find_header(head.headers, "Last-Modified").value_or(""));
    modified_ = std::max<std::int64_t>(0, curl_getdate(modified.c_str(), nullptr));
    check_.emplace(head.headers);
  }

  void check_range(const WebAnswer& head) const {
    const std::string_view range = find_header(head.headers, "Content-Range").value_or("");
    if (!range.starts_with(text("bytes ", done_, "-"))) {
      fail(Kind::unavailable, name(path_), ": the store was asked for bytes from ", done_, " and answers with \"",
           range.substr(0, 80), "\"");
    }
  }

  void take(const WebAnswer& head, ByteView bytes) {
    if (!begun_) begin(head);
    const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    skip_ -= known;
    bytes = bytes.subspan(known);
    check_->update(bytes);
    sink_(bytes);
    done_ += bytes.size();
  }

  const S3Path& path_;
  const ReadLimits& limits_;
  const std::function<void(ByteView)>& sink_;
  std::uint64_t done_ = 0, size_ = 0;  // of the object
  std::uint64_t skip_ = 0;             // of this answer: what an earlier one gave already
  bool begun_ = false;                 // this answer's head was read
  std::string etag_{};
  std::int64_t modified_ = 0;
  std::optional<BodyCheck> check_{};
};

}  // namespace

RemoteObject read_object(const S3Settings& settings, const S3Path& path, const ReadLimits& limits,
                         const std::function<void(ByteView)>& sink) {
  Reading reading(path, limits, sink);
  const WebAnswer answer = send(
      settings, [&] { return reading.request(); }, reading.done());
  return reading.finish(answer);
}

}  // namespace graft
