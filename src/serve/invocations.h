// Requests for predictions, on their way from bytes to an answer.
//
// On a thread of the server a request only gets its place, or is told that there is none. Threads of its own parse the
// body, fetch what it names by URL, decode and prepare each picture; the model's batcher computes them. Whoever answers
// a request's last picture writes the answer.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <span>
#include <string>

#include "base/thread_pool.h"
#include "http/fetch.h"
#include "http/message.h"
#include "http/server.h"
#include "serve/admission.h"
#include "serve/answers.h"
#include "serve/metrics.h"
#include "serve/models.h"

namespace graft {

struct InvocationOptions {
  Form usual = Form::labels;        // what application/json answers: labels or probabilities
  std::size_t most_pictures = 128;  // in the house; beyond it 503
  FetchLimits fetch{};
};

// Thread-safe.
class Invocations {
 public:
  Invocations(const InvocationOptions& options, ServingMetrics& metrics);
  // Waits until all are answered. What they were begun with outlives it.
  ~Invocations();
  Invocations(const Invocations&) = delete;
  Invocations& operator=(const Invocations&) = delete;

  // Returns at once; throws what is wrong with the request's header.
  void begin(Models::Pointer model, Request request, Reply reply);

  std::size_t pictures() const { return admission_.pictures(); }

 private:
  struct Invocation;
  using Pointer = std::shared_ptr<Invocation>;
  void parse(const Pointer& invocation);
  void fetch_picture(const Pointer& invocation, std::size_t i);
  void prepare(const Pointer& invocation, std::size_t i);
  static void take_output(Invocation& invocation, std::size_t i, std::span<const float> output,
                          const std::exception_ptr& error);
  void finish_one(const Pointer& invocation);

  const InvocationOptions options_;
  ServingMetrics& metrics_;
  std::atomic<bool> ending_ = false;  // nothing more is fetched
  Admission admission_;
  ThreadPool fetchers_, decoders_;
};

// What a client is told when there is no room: 503, and to come back in a second.
Response full_response(std::string_view sentence);

}  // namespace graft
