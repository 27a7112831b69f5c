#include "remote/web.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <exception>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/machine.h"

namespace graft {
namespace {

constexpr std::size_t kMostBody = 16 << 20, kMostHeaders = 256 << 10;
constexpr std::size_t kMostIdle = 16;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// Handles that wait for their next use, with the connections that they keep.
struct Idle {
  std::mutex mutex;
  std::vector<Handle> handles;  // guarded by mutex
};

Idle& idle() {
  // Never destroyed: a thread may outlive main().
  static Idle& all = *new Idle;
  return all;
}

Handle take_handle() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) fail(Kind::internal, "libcurl does not start: ", curl_easy_strerror(ready));
  {
    const std::lock_guard lock(idle().mutex);
    if (!idle().handles.empty()) {
      Handle handle = std::move(idle().handles.back());
      idle().handles.pop_back();
      return handle;
    }
  }
  Handle handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) fail(Kind::internal, "libcurl gives no handle");
  return handle;
}

void keep_handle(Handle handle) {
  curl_easy_reset(handle.get());
  const std::lock_guard lock(idle().mutex);
  if (idle().handles.size() < kMostIdle) idle().handles.push_back(std::move(handle));
}

// What libcurl's callbacks share.
struct Course {
  const WebRequest& request;
  WebAnswer answer{};
  std::size_t header_bytes = 0;
  std::uint64_t sent = 0;
  bool too_large = false;
  std::exception_ptr error{};  // of the caller's functions; libcurl must not see it
};

std::size_t take_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& course = *static_cast<Course*>(context);
  std::string_view line(data, size);
  // After "100 Continue" comes another head.
  if (line.starts_with("HTTP/")) {
    course.answer.headers.clear();
    course.header_bytes = 0;
  }
  course.header_bytes += size;
  course.too_large = course.header_bytes > kMostHeaders;
  if (course.too_large) return 0;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  course.answer.headers.emplace_back(line.substr(0, colon), value);
  return size;
}

std::size_t take_body(CURL* handle, Course& course, ByteView bytes) {
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &course.answer.status);
  const bool wanted = course.answer.status == 200 || course.answer.status == 206;
  if (wanted && course.request.sink) {
    try {
      course.request.sink(course.answer, bytes);
    } catch (...) {
      course.error = std::current_exception();
      return 0;
    }
    return bytes.size();
  }
  course.too_large = bytes.size() > kMostBody - course.answer.body.size();
  if (course.too_large) return 0;
  course.answer.body.insert(course.answer.body.end(), bytes.begin(), bytes.end());
  return bytes.size();
}

struct Sink {
  CURL* handle;
  Course& course;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& sink = *static_cast<Sink*>(context);
  return take_body(sink.handle, sink.course, as_bytes({data, size}));
}

std::size_t give_body(char* room, std::size_t, std::size_t size, void* context) {
  auto& course = *static_cast<Course*>(context);
  try {
    const std::uint64_t left = course.request.body->size - course.sent;
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(size, left));
    const std::size_t given =
        most == 0 ? 0 : course.request.body->read(course.sent, std::as_writable_bytes(std::span(room, most)));
    course.sent += given;
    return given;
  } catch (...) {
    course.error = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
}

int seek_body(void* context, curl_off_t offset, int origin) {
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_FAIL;
  static_cast<Course*>(context)->sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (curl_easy_setopt(handle, option, value) != CURLE_OK) fail(Kind::internal, "libcurl refuses option ", option);
}

// A proxy would look for the store of this machine on its own.
void set_proxy(CURL* handle, const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), curl_url_cleanup);
  char* found = nullptr;
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK) return;
  if (curl_url_get(parts.get(), CURLUPART_HOST, &found, 0) != CURLUE_OK) return;
  const std::unique_ptr<char, decltype(&curl_free)> host(found, curl_free);
  const std::string_view name(found);
  if (is_loopback(name.starts_with('[') ? name.substr(1, name.size() - 2) : name)) set(handle, CURLOPT_PROXY, "");
}

void set_times(CURL* handle, const WebRequest& request) {
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect.count()));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.whole.count()));
  set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(std::max<std::int64_t>(1, request.stall.count() / 1000)));
}

void set_body(CURL* handle, Course& course) {
  static constexpr long kBuffer = 256 << 10;
  const WebRequest& request = course.request;
  set(handle, CURLOPT_BUFFERSIZE, kBuffer);
  if (request.method == "HEAD") {
    set(handle, CURLOPT_NOBODY, 1L);
  } else {
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  if (!request.body) return;
  set(handle, CURLOPT_UPLOAD, 1L);
  set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
  set(handle, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body->size));
  set(handle, CURLOPT_READFUNCTION, give_body);
  set(handle, CURLOPT_READDATA, &course);
  set(handle, CURLOPT_SEEKFUNCTION, seek_body);
  set(handle, CURLOPT_SEEKDATA, &course);
}

// libcurl signs the query as it stands: it must be sorted. It signs the header x-amz-content-sha256 where we send it.
void set_signer(CURL* handle, const WebRequest::Signer& signer) {
  set(handle, CURLOPT_AWS_SIGV4, text("aws:amz:", signer.region, ":s3").c_str());
  set(handle, CURLOPT_USERNAME, signer.access_key.c_str());
  set(handle, CURLOPT_PASSWORD, signer.secret_key.c_str());
}

List set_headers(CURL* handle, const Headers& headers) {
  List lines(nullptr, curl_slist_free_all);
  for (const auto& [name, value] : headers) {
    lines.reset(curl_slist_append(lines.release(), text(name, ": ", value).c_str()));
  }
  if (lines) set(handle, CURLOPT_HTTPHEADER, lines.get());
  return lines;
}

bool is_passing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_SEND_FAIL_REWIND:
      return true;
    default:
      return false;
  }
}

[[noreturn]] void explain(CURLcode code, const Course& course, const std::string& words) {
  if (course.error) std::rethrow_exception(course.error);
  const std::string& url = course.request.url;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    fail(Kind::invalid, "\"", url, "\" is no URL of http or https");
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    fail(Kind::denied, url, ": ", words, "; name the authority's certificate in AWS_CA_BUNDLE");
  }
  if (course.too_large) fail(Kind::unavailable, url, ": its answer is too long");
  fail(Kind::unavailable, url, ": ", words);
}

}  // namespace

WebAnswer exchange(const WebRequest& request) {
  Handle owner = take_handle();
  CURL* handle = owner.get();
  Course course{request};
  Sink sink{handle, course};
  std::array<char, CURL_ERROR_SIZE> details{};
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_ERRORBUFFER, details.data());
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(handle, CURLOPT_PATH_AS_IS, 1L);  // a key may hold ".."
  set(handle, CURLOPT_USERAGENT, "graft/" GRAFT_VERSION);
  set(handle, CURLOPT_HEADERFUNCTION, take_header);
  set(handle, CURLOPT_HEADERDATA, &course);
  set(handle, CURLOPT_WRITEFUNCTION, on_body);
  set(handle, CURLOPT_WRITEDATA, &sink);
  if (!request.authorities.empty()) set(handle, CURLOPT_CAINFO, request.authorities.c_str());
  set_proxy(handle, request.url);
  set_times(handle, request);
  set_body(handle, course);
  const List lines = set_headers(handle, request.headers);
  if (request.signer) set_signer(handle, *request.signer);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &course.answer.status);
  const std::string words = details[0] ? details.data() : curl_easy_strerror(code);
  keep_handle(std::move(owner));
  if (code == CURLE_OK) return std::move(course.answer);
  if (course.error || course.too_large || !is_passing(code)) explain(code, course, words);
  course.answer.status = 0;
  course.answer.broken = words;
  return std::move(course.answer);
}

}  // namespace graft
