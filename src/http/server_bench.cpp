// What a request costs the thread that reads and writes: the client is another thread, and its time is not counted.
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "http/server.h"

namespace {

double cpu_microseconds(int whose) {
  rusage usage{};
  getrusage(whose, &usage);
  return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

double cpu_of_others() {
  return cpu_microseconds(RUSAGE_SELF) - cpu_microseconds(RUSAGE_THREAD);
}

// A request with a body of range(0) bytes, answered at once.
void post(benchmark::State& state) {
  const graft::Server server({}, [](const graft::Request&, const graft::Reply& reply) {
    reply({200, "text/plain", "answer"});
  });
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) state.SkipWithError("connect");
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string request = graft::text("POST /invocations HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\n",
                                          "Content-Type: image/jpeg\r\nContent-Length: ", size, "\r\n\r\n") +
                              std::string(size, 'x');
  char answer[4096];
  const double before = cpu_of_others();
  for (auto _ : state) {
    for (std::size_t sent = 0; sent < request.size();) {
      sent += static_cast<std::size_t>(send(client, request.data() + sent, request.size() - sent, 0));
    }
    benchmark::DoNotOptimize(recv(client, answer, sizeof answer, 0));
  }
  state.counters["server_us"] = (cpu_of_others() - before) / static_cast<double>(state.iterations());
  close(client);
}
BENCHMARK(post)->Arg(0)->Arg(100'000)->Arg(1'000'000)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
