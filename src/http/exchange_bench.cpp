// What the way of a body costs: from a client's socket to a thread that reads it, from a file to a client, and what a
// call of a server nearby adds to what that server does.
#include <benchmark/benchmark.h>
#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "http/client.h"
#include "http/server.h"
#include "http/workers.h"

namespace {

using namespace graft;

constexpr std::chrono::milliseconds kPatience{60'000};

// A body of range(0) bytes that is read and thrown away.
void put_exchange(benchmark::State& state) {
  Workers workers;
  const Server server({}, on_workers(workers, [](const std::shared_ptr<Exchange>& exchange) {
                        Bytes room(1 << 20);
                        while (exchange->read(room) > 0) {
                        }
                        exchange->answer({200, "", ""});
                      }));
  ClientPool pool("127.0.0.1", server.port());
  const Bytes body(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) pool.call("PUT", "/", {}, body, kPatience);
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(put_exchange)->Arg(4 << 10)->Arg(1 << 20)->Arg(50 << 20)->UseRealTime()->Unit(benchmark::kMicrosecond);

// A file of range(0) bytes.
void get_file(benchmark::State& state) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  write_file(path, std::string(static_cast<std::size_t>(state.range(0)), 'x'));
  const auto file = std::make_shared<const Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  Workers workers;
  const Server server(
      {}, on_workers(workers, [&](const std::shared_ptr<Exchange>& exchange) {
        exchange->answer({.status = 200, .file = FileBody{file, 0, static_cast<std::uint64_t>(state.range(0))}});
      }));
  ClientPool pool("127.0.0.1", server.port());
  for (auto _ : state) benchmark::DoNotOptimize(pool.call("GET", "/", {}, {}, kPatience));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(get_file)->Arg(4 << 10)->Arg(1 << 20)->Arg(50 << 20)->UseRealTime()->Unit(benchmark::kMicrosecond);

// A picture that is posted to a server which answers at once; or to one that passes it on, as the platform
// does with invocations.
void invoke(benchmark::State& state, bool through) {
  const Server model({}, [](const Request&, const Reply& reply) { reply({200, "application/json", "{}"}); });
  ClientPool to_model("127.0.0.1", model.port());
  Workers workers;
  const Server front(
      {}, on_workers(workers, [&](const std::shared_ptr<Exchange>& exchange) {
        const Bytes body = read_all(*exchange, 10 << 20);
        const Request& request = exchange->request();
        exchange->answer(passed_on(to_model.call(request.method, request.target, request.headers, body, kPatience)));
      }));
  ClientPool pool("127.0.0.1", through ? front.port() : model.port());
  const Bytes body(100'000);
  for (auto _ : state) pool.call("POST", "/invocations", {{"Content-Type", "image/jpeg"}}, body, kPatience);
}
BENCHMARK_CAPTURE(invoke, directly, false)->UseRealTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(invoke, passed_on, true)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
