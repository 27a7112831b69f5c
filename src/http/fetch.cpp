#include "http/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "base/error.h"
#include "http/address.h"

namespace graft {
namespace {

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

// What libcurl's callbacks share.
struct Progress {
  const FetchLimits& limits;
  Bytes body{};
  bool too_large = false;
  std::string denied{};  // the last address that was not connected to
};

std::size_t take(char* data, std::size_t, std::size_t size, void* context) {
  auto& progress = *static_cast<Progress*>(context);
  progress.too_large = size > progress.limits.bytes - progress.body.size();
  if (progress.too_large) return 0;
  const auto bytes = as_bytes({data, size});
  progress.body.insert(progress.body.end(), bytes.begin(), bytes.end());
  return size;
}

// The bytes of an address, and its words.
ByteView address_bytes(const curl_sockaddr& address) {
  const auto* any = &address.addr;
  if (any->sa_family == AF_INET)
    return std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in*>(any)->sin_addr, 1));
  if (any->sa_family == AF_INET6) {
    return std::as_bytes(std::span(&reinterpret_cast<const sockaddr_in6*>(any)->sin6_addr, 1));
  }
  return {};
}

curl_socket_t open_socket(void* context, curlsocktype, curl_sockaddr* address) {
  auto& progress = *static_cast<Progress*>(context);
  const ByteView bytes = address_bytes(*address);
  if (!progress.limits.private_addresses && !is_public(bytes)) {
    std::array<char, INET6_ADDRSTRLEN> words{};
    inet_ntop(address->family, bytes.data(), words.data(), words.size());
    progress.denied = words.data();
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

template <typename Value>
void set(const Handle& handle, CURLoption option, Value value) {
  if (curl_easy_setopt(handle.get(), option, value) != CURLE_OK)
    fail(Kind::internal, "libcurl refuses option ", option);
}

void set_limits(const Handle& handle, const FetchLimits& limits, Progress& progress) {
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_FOLLOWLOCATION, limits.redirects > 0 ? 1L : 0L);
  set(handle, CURLOPT_MAXREDIRS, static_cast<long>(limits.redirects));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.time.count()));
  set(handle, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(limits.bytes));
  if (!limits.private_addresses) set(handle, CURLOPT_PROXY, "");
  set(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  set(handle, CURLOPT_OPENSOCKETDATA, &progress);
  set(handle, CURLOPT_WRITEFUNCTION, take);
  set(handle, CURLOPT_WRITEDATA, &progress);
  set(handle, CURLOPT_USERAGENT, "graft/" GRAFT_VERSION);
}

[[noreturn]] void explain(CURLcode code, const std::string& url, const Progress& progress, const char* details) {
  const FetchLimits& limits = progress.limits;
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    fail(Kind::invalid, "\"", url, "\" is not, or leads to what is not, a URL of http or https");
  }
  if (!progress.denied.empty() && code == CURLE_COULDNT_CONNECT) {
    fail(Kind::denied, url, ": it is at ", progress.denied, ", which is no address of the public network");
  }
  if (progress.too_large || code == CURLE_FILESIZE_EXCEEDED) {
    fail(Kind::unavailable, url, ": it is larger than ", limits.bytes, " bytes");
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    fail(Kind::unavailable, url, ": it did not arrive within ", limits.time.count(), " ms");
  }
  if (code == CURLE_TOO_MANY_REDIRECTS) {
    fail(Kind::unavailable, url, ": it redirects more than ", limits.redirects, " times");
  }
  fail(Kind::unavailable, url, ": ", *details ? details : curl_easy_strerror(code));
}

Handle make_handle() {
  // libcurl's own set-up is not thread-safe everywhere; a static is set up once.
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) fail(Kind::internal, "libcurl does not start: ", curl_easy_strerror(ready));
  Handle handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) fail(Kind::internal, "libcurl gives no handle");
  return handle;
}

}  // namespace

Bytes fetch(const std::string& url, const FetchLimits& limits) {
  const Handle handle = make_handle();
  Progress progress{limits};
  std::array<char, CURL_ERROR_SIZE> details{};
  set(handle, CURLOPT_URL, url.c_str());
  set(handle, CURLOPT_ERRORBUFFER, details.data());
  set_limits(handle, limits, progress);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code != CURLE_OK) explain(code, url, progress, details.data());
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status >= 300) fail(Kind::unavailable, url, ": its server answers ", status);
  return std::move(progress.body);
}

}  // namespace graft
