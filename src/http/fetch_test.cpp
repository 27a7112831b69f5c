#include "http/fetch.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "base/error.h"
#include "http/server.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;

constexpr FetchLimits kHere{.private_addresses = true};

// The error that fetching gives, as "kind: sentence".
template <typename Fetch>
std::string problem(Fetch fetch) {
  try {
    fetch();
    return "none";
  } catch (const Error& error) {
    static constexpr const char* kKinds[] = {"invalid", "denied", "not_found", "conflict", "unavailable", "internal"};
    return text(kKinds[static_cast<int>(error.kind())], ": ", error.what());
  }
}

// /to?WHERE redirects there, /size?N has N bytes, /status?N answers so, /never does not answer.
class Site {
 public:
  std::string url(const std::string& path) const { return text("http://127.0.0.1:", server_.port(), path); }

 private:
  void answer(const Request& request, const Reply& reply) {
    const std::string argument = request.query.empty() ? "" : request.query.begin()->first;
    if (request.path == "/to") return reply({302, "text/plain", "moved", {{"Location", argument}}});
    if (request.path == "/size") return reply({200, "text/plain", std::string(std::stoul(argument), 'x')});
    if (request.path == "/status") return reply({std::stoi(argument), "text/plain", "status"});
    const std::lock_guard lock(mutex_);
    unanswered_.push_back(reply);
  }

  std::mutex mutex_;
  std::vector<Reply> unanswered_;  // guarded by mutex_
  Server server_{{}, [this](const Request& request, const Reply& reply) { answer(request, reply); }};
};

TEST(Fetch, GetsWhatIsThere) {
  const Site site;
  EXPECT_EQ(fetch(site.url("/size?100000"), kHere).size(), 100'000u);
  EXPECT_EQ(fetch(site.url("/to?/size%3F7"), kHere).size(), 7u);
}

TEST(Fetch, AsksNoAddressThatIsNotPublic) {
  const Site site;
  const std::string port = site.url("").substr(16);
  for (const std::string host :
       {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1",
        "169.254.169.254", "[fe80::1]", "10.0.0.1", "[64:ff9b::10.0.0.1]"}) {
    EXPECT_THAT(problem([&] { fetch("http://" + host + port + "/size?1", {.time = milliseconds(5'000)}); }),
                HasSubstr("which is no address of the public network"))
        << host;
  }
}

TEST(Fetch, UsesNoProxyThatCouldAskForIt) {
  const Site site;
  setenv("http_proxy", site.url("").c_str(), 1);
  EXPECT_THAT(problem([&] { fetch(site.url("/size?1"), {}); }), HasSubstr("denied: "));
  unsetenv("http_proxy");
}

TEST(Fetch, KeepsItsLimits) {
  const Site site;
  const auto limited = [&](const std::string& path, FetchLimits limits) {
    limits.private_addresses = true;
    return problem([&] { fetch(site.url(path), limits); });
  };
  EXPECT_EQ(limited("/size?1000", {.bytes = 1'000}), "none");
  EXPECT_THAT(limited("/size?1001", {.bytes = 1'000}), EndsWith("/size?1001: it is larger than 1000 bytes"));
  EXPECT_THAT(limited("/never", {.time = milliseconds(100)}), EndsWith("/never: it did not arrive within 100 ms"));
  const std::string twice = "/to?/to%3F/size%253F1";
  EXPECT_EQ(limited(twice, {.redirects = 2}), "none");
  EXPECT_THAT(limited(twice, {.redirects = 1}), EndsWith("it redirects more than 1 times"));
  EXPECT_THAT(limited("/status?404", {}), EndsWith("its server answers 404"));
  EXPECT_THAT(limited("/status?500", {}), EndsWith("its server answers 500"));
}

// Answers one connection with `bytes` and its end.
std::thread answer_once(int listener, std::string bytes) {
  return std::thread([listener, bytes = std::move(bytes)] {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    char request[4096];
    EXPECT_GT(recv(connection, request, sizeof request, 0), 0);
    for (std::size_t sent = 0; sent < bytes.size();) {
      const ssize_t more = send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (more <= 0) break;
      sent += static_cast<std::size_t>(more);
    }
    close(connection);
  });
}

TEST(Fetch, CountsBytesAlsoWhenNobodySaidHowMany) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 1), 0);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string url = text("http://127.0.0.1:", ntohs(address.sin_port), "/");
  for (const std::size_t bytes : {1'000, 1'001}) {
    std::thread server = answer_once(listener, "HTTP/1.1 200 OK\r\n\r\n" + std::string(bytes, 'x'));
    const auto get = [&] { EXPECT_EQ(fetch(url, {.bytes = 1'000, .private_addresses = true}).size(), 1'000u); };
    EXPECT_THAT(problem(get), HasSubstr(bytes == 1'000 ? "none" : "it is larger than 1000 bytes"));
    server.join();
  }
  close(listener);
}

TEST(Fetch, TakesHttpOnly) {
  const Site site;
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "dict://127.0.0.1/", "",
                          "/etc/passwd", "http://", "http://a b/", "http://x\r\ny/", "s3://bucket/key"}) {
    const std::string said = problem([&] { fetch(url, kHere); });
    EXPECT_TRUE(said.starts_with("invalid: ") || said.starts_with("unavailable: ")) << url << " " << said;
  }
  EXPECT_THAT(problem([&] { fetch(site.url("/to?") + "file:///etc/passwd", kHere); }), HasSubstr("invalid: "));
  EXPECT_THAT(problem([&] { fetch("http://127.0.0.1:1/", kHere); }), HasSubstr("unavailable: "));
}

}  // namespace
}  // namespace graft
