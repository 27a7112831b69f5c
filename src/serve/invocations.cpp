#include "serve/invocations.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "remote/fetch_s3.h"
#include "serve/pictures.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

// Of bodies, and of what they name by URL.
constexpr std::size_t kMostBytes = std::size_t{512} << 20;
constexpr std::size_t kFetchers = 16;
// SageMaker waits a minute for an answer; what is not fetched by then would be fetched for nobody.
constexpr std::chrono::seconds kFetchTime{45};
constexpr char kFull[] = "the server has as many pictures as it takes; try again in a second";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

struct Invocations::Invocation {
  // First, so that it is given back last: who waits for it may end the models.
  Admission::Ticket ticket;
  Models::Pointer model;
  Request request;
  Reply reply;
  AnswerType type;
  Clock::time_point begun;
  Pictures body{};
  std::vector<Answered> answered{};
  std::atomic<std::size_t> left = 0;                 // pictures
  std::atomic<bool> denied = false, broken = false;  // a URL that may not be asked; our own failure
};

Response full_response(std::string_view sentence) {
  Response response = error_response(503, sentence);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Invocations::Invocations(const InvocationOptions& options, ServingMetrics& metrics)
    : options_(options),
      metrics_(metrics),
      admission_(options.most_pictures, kMostBytes),
      fetchers_(kFetchers),
      decoders_(available_cores()) {}

Invocations::~Invocations() {
  ending_ = true;
  admission_.wait_until_empty();
}

void Invocations::begin(Models::Pointer model, Request request, Reply reply) {
  const std::string_view content_type = find_header(request.headers, "Content-Type").value_or("");
  AnswerType type = choose_answer(content_type, find_header(request.headers, "Accept"), options_.usual);
  std::optional<Admission::Ticket> ticket = admission_.enter(request.body.size());
  if (!ticket) return reply(full_response(kFull));
  const Pointer invocation(new Invocation{.ticket = std::move(*ticket),
                                          .model = std::move(model),
                                          .request = std::move(request),
                                          .reply = std::move(reply),
                                          .type = std::move(type),
                                          .begun = Clock::now()});
  decoders_.submit([this, invocation] { parse(invocation); });
}

void Invocations::parse(const Pointer& invocation) {
  try {
    const std::string_view content_type = find_header(invocation->request.headers, "Content-Type").value_or("");
    invocation->body = pictures_of(content_type, invocation->request.body);
  } catch (const Error& error) {
    return invocation->reply(error.code() == kWrongType ? error_response(415, error.what()) : error_response(error));
  } catch (const std::exception& error) {
    return invocation->reply(error_response(error));
  }
  std::vector<Picture>& pictures = invocation->body.pictures;
  const std::size_t count = pictures.size();
  if (!invocation->ticket.grow(count)) return invocation->reply(full_response(kFull));
  if (std::ranges::all_of(pictures, [](const Picture& each) { return each.bytes.data() == each.owned.data(); })) {
    invocation->request.body = {};
  }
  invocation->answered.resize(count);
  invocation->left = count;
  for (std::size_t i = count; i-- > 0;) {
    invocation->answered[i].name = pictures[i].name;
    if (!pictures[i].url.empty()) {
      fetchers_.submit([this, invocation, i] { fetch_picture(invocation, i); });
    } else if (i > 0) {
      decoders_.submit([this, invocation, i] { prepare(invocation, i); });
    } else {
      prepare(invocation, i);
    }
  }
}

void Invocations::fetch_picture(const Pointer& invocation, std::size_t i) {
  Picture& picture = invocation->body.pictures[i];
  try {
    FetchLimits limits = options_.fetch;
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(invocation->begun + kFetchTime - Clock::now());
    limits.time = std::min(limits.time, left);
    require(left.count() > 0, picture.url, ": the pictures before it took too long to fetch");
    require(!ending_, picture.url, ": the server is being stopped");
    picture.owned = picture.url.starts_with("s3://") ? fetch_s3(picture.url, limits) : fetch(picture.url, limits);
    picture.bytes = picture.owned;
    require(invocation->ticket.hold(picture.owned.size()), picture.url, ": ", kFull);
  } catch (const std::exception& error) {
    const auto* known = dynamic_cast<const Error*>(&error);
    if (known && known->kind() == Kind::denied) invocation->denied = true;
    picture.problem = known ? error.what() : "cannot be fetched";
  }
  decoders_.submit([this, invocation, i] { prepare(invocation, i); });
}

void Invocations::prepare(const Pointer& invocation, std::size_t i) {
  Picture& picture = invocation->body.pictures[i];
  const Trunk& trunk = *invocation->model->trunk;
  try {
    require(picture.problem.empty(), picture.problem);
    if (abandoned(invocation->request)) fail(Kind::unavailable, "nobody waits for the answer any more");
    const auto begin = Clock::now();
    Image prepared = trunk.prepare(picture.bytes);
    metrics_.decoded(seconds_since(begin));
    picture.owned = {};
    return trunk.submit(
        std::move(prepared),
        [this, invocation, i](std::span<const float> output, std::exception_ptr error) {
          take_output(*invocation, i, output, error);
          finish_one(invocation);
        },
        invocation->request.hung_up);
  } catch (const Error& error) {
    invocation->answered[i].problem = error.what();
    if (abandoned(invocation->request)) invocation->broken = true;
  } catch (const std::exception& error) {
    spdlog::error("preparing a picture: {}", error.what());
    invocation->broken = true;
  }
  finish_one(invocation);
}

void Invocations::take_output(Invocation& invocation, std::size_t i, std::span<const float> output,
                              const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
    invocation.answered[i].probabilities = invocation.model->probabilities(output);
  } catch (const std::exception& failure) {
    if (!abandoned(invocation.request)) spdlog::error("computing: {}", failure.what());
    invocation.broken = true;
  }
}

void Invocations::finish_one(const Pointer& invocation) {
  if (--invocation->left > 0) return;
  const std::vector<Answered>& answered = invocation->answered;
  const double seconds = seconds_since(invocation->begun);
  metrics_.answered(seconds);
  invocation->ticket.give_back();
  if (invocation->broken && abandoned(invocation->request)) {
    return invocation->reply(full_response("the client ended the connection before it had its answer"));
  }
  if (invocation->broken) return invocation->reply(error_response(500, "the server failed to compute an answer"));
  if (answered.size() == 1 && !answered.front().problem.empty()) {
    return invocation->reply(error_response(invocation->denied ? 403 : 400, answered.front().problem));
  }
  try {
    const auto& model = *invocation->model;
    invocation->reply(answer_in(invocation->type, answered,
                                {.model = model.name,
                                 .labels = model.labels(),
                                 .top = invocation->body.top.value_or(5),
                                 .milliseconds = 1000 * seconds}));
  } catch (const std::exception& error) {
    invocation->reply(error_response(error));
  }
}

}  // namespace graft
