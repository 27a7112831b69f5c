#include "control/transform_work.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>

#include "aws/body.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "base/words.h"
#include "control/resource.h"
#include "control/training_events.h"
#include "control/transform_capture.h"
#include "runner/inputs.h"

namespace graft {
namespace {

constexpr std::size_t kJobsAtOnce = 4;
constexpr std::size_t kMostObjects = 1'000'000;
// Bytes of an object, and of the answers to it. Its requests are made from it in memory; so much of it all jobs may
// take together.
constexpr std::uint64_t kMostObject = std::uint64_t{256} << 20;
constexpr std::uint64_t kMostMemory = std::uint64_t{1} << 30;
// How often an object is in memory: beside its answers, and where it is filtered as lines and as what is sent of them;
// and what the values of a record take at most.
constexpr std::uint64_t kPlain = 2, kFiltered = 8, kValues = 24;
constexpr std::size_t kMostReason = 1024;
constexpr double kLook = 0.05;  // seconds
constexpr const char* kLogGroup = "/aws/sagemaker/TransformJobs";

// Thrown when a job is not to go on: it was stopped, or the platform ends.
struct NotWanted {};

std::string data_log(const Record& job) {
  return text(job.name, "/i-1-", static_cast<std::int64_t>(job.created), "/data-log");
}

// What a model's answer says was wrong.
std::string reason_of(const Response& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object() && body.contains("Message") && body["Message"].is_string()) return body["Message"];
  return text("The model answered with the status ", response.status);
}

bool is_worth_another_try(const Response& response) {
  if (response.status != 424) return response.status == 429 || response.status >= 500;
  const Json body = Json::parse(response.body, nullptr, false);
  return body.is_object() && body.value("OriginalStatusCode", 500) >= 500;
}

}  // namespace

TransformWork::TransformWork(Control control)
    : control_(control), room_(kMostMemory), errands_(kJobsAtOnce, [this](const Errands::Key& key) { work(key); }) {}

void TransformWork::start() {
  for (const char* status : {"InProgress", "Stopping"}) {
    for (const Record& job : control_.records.in_status(kTransformJob, status)) look(job.account, job.name);
  }
  errands_.start();
}

void TransformWork::work(const Errands::Key& key) {
  const auto job = control_.records.find(key.first, kTransformJob, key.second);
  if (!job || has_ended(*job)) return;
  if (job->status == "Stopping") return end(*job, "Stopped", "");
  control_.records.update(job->account, kTransformJob, job->name,
                          [](Record& record) { record.document.emplace("TransformStartTime", now()); });
  std::string failure;
  try {
    transform(*job);
  } catch (const NotWanted&) {
    control_.outside.remove_endpoint(job->account, transform_endpoint(job->name));
    if (!errands_.stopping()) end(*job, "Stopped", "");
    return;
  } catch (const Error& error) {
    failure = text(error.kind() == Kind::unavailable ? "InternalServerError: " : "ClientError: ", error.what());
  } catch (const std::exception& error) {
    spdlog::error("the transform job {}: {}", job->name, error.what());
    failure = "InternalServerError: the platform's log says more";
  }
  control_.outside.remove_endpoint(job->account, transform_endpoint(job->name));
  end(*job, failure.empty() ? "Completed" : "Failed", failure);
}

void TransformWork::end(const Record& job, const std::string& status, const std::string& failure) {
  control_.records.update(job.account, kTransformJob, job.name, [&](Record& record) {
    record.status = record.status == "Stopping" ? "Stopped" : status;
    record.document["TransformEndTime"] = now();
    if (!failure.empty()) record.document["FailureReason"] = cut(failure, kMostReason);
  });
}

void TransformWork::check_wanted(const Record& job) {
  if (errands_.stopping()) throw NotWanted{};
  const auto record = control_.records.find(job.account, kTransformJob, job.name);
  if (!record || record->status != "InProgress") throw NotWanted{};
}

void TransformWork::transform(const Record& job) {
  TransformPlan plan = transform_plan(job.document);
  const auto record = control_.records.find(job.account, kTransformJob, job.name);
  if (record) plan.start = static_cast<std::int64_t>(record->document.value("TransformStartTime", record->created));
  control_.outside.apply_endpoint(job.inner.at("Serving").get<EndpointSpec>());
  wait_until_served(job);
  const std::vector<TransformInput> all = inputs(job, plan);
  transform_all(job, plan, left_to_do(job, plan, all));
  if (!plan.capture) return;
  for (const TransformCapture& list : captures_of(plan, all, job.name)) {
    control_.outside.put_object(job.account, list.path, as_bytes(list.content), "application/json");
  }
}

void TransformWork::wait_until_served(const Record& job) {
  for (;;) {
    check_wanted(job);
    const auto state = control_.outside.endpoint_state(job.account, transform_endpoint(job.name));
    if (state && state->status == EndpointState::Status::in_service) return;
    if (state && state->status == EndpointState::Status::failed) {
      fail(Kind::invalid, "the model ", job.document.at("ModelName").get<std::string>(),
           " is not served: ", state->failure);
    }
    errands_.pause(kLook);
  }
}

std::vector<TransformInput> TransformWork::inputs(const Record& job, const TransformPlan& plan) {
  std::vector<TransformInput> inputs;
  if (plan.manifest) {
    const Bytes content = control_.outside.get_object(job.account, plan.input, kMostObject);
    for (InputObject& object : parse_manifest(as_text(content), name(plan.input))) {
      inputs.push_back({.path = std::move(object.path), .name = std::move(object.name)});
    }
    require(inputs.size() <= kMostObjects, name(plan.input), " names more than ", kMostObjects, " objects");
    return inputs;
  }
  for (const RemoteObject& object : control_.outside.list_objects(job.account, plan.input, kMostObjects)) {
    const bool folder = object.size == 0 && object.key.ends_with('/');
    if (!folder) inputs.push_back(input_of(plan, object.key, object.size));
  }
  return inputs;
}

std::vector<TransformInput> TransformWork::left_to_do(const Record& job, const TransformPlan& plan,
                                                      std::vector<TransformInput> left) {
  if (!job.document.contains("TransformStartTime")) return left;
  // Outputs that are older than the job are another job's.
  const auto oldest = static_cast<std::int64_t>(std::floor(job.created));
  S3Path outputs = plan.output;
  if (!outputs.key.empty() && !outputs.key.ends_with('/')) outputs.key += '/';
  std::set<std::string> done;
  for (const RemoteObject& output : control_.outside.list_objects(job.account, outputs, kMostObjects)) {
    if (output.modified >= oldest) done.insert(output.key);
  }
  std::erase_if(left, [&](const TransformInput& input) { return done.contains(output_of(plan, input).key); });
  return left;
}

void TransformWork::transform_all(const Record& job, const TransformPlan& plan,
                                  const std::vector<TransformInput>& inputs) {
  std::mutex mutex;
  std::size_t failed = 0;
  std::string first;
  parallel_for(inputs.size(), static_cast<std::size_t>(plan.concurrent), [&](std::size_t i) {
    check_wanted(job);
    try {
      transform_object(job, plan, inputs[i]);
    } catch (const Error& error) {
      const std::string line = text(name(inputs[i].path), ": ", error.what());
      control_.outside.log(job.account, kLogGroup, data_log(job), {line});
      const std::lock_guard lock(mutex);
      if (failed++ == 0) first = line;
    }
  });
  require(failed == 0, failed, " of ", inputs.size(), " objects could not be transformed. The first: ", first);
}

std::uint64_t TransformWork::memory_for(const Record& job, const TransformPlan& plan,
                                        const TransformInput& input) const {
  std::uint64_t size = kMostObject;
  // What is packed says nothing of its size.
  if (!plan.gzip && input.size) size = *input.size;
  if (!plan.gzip && !input.size) {
    const auto found = control_.outside.list_objects(job.account, input.path, 1);
    if (!found.empty() && found[0].key == input.path.key) size = found[0].size;
  }
  size = std::min(size, kMostObject);
  return plan.filter ? size * kFiltered + std::min(size, kMostRecord) * kValues : size * kPlain;
}

void TransformWork::transform_object(const Record& job, const TransformPlan& plan, const TransformInput& input) {
  const auto share = room_.take(memory_for(job, plan, input), [&] { check_wanted(job); });
  Bytes content = control_.outside.get_object(job.account, input.path, kMostObject);
  if (plan.gzip) content = aws::gunzip(content, kMostObject);
  std::string answers = answers_to(job, plan, as_text(content));
  if (plan.inference_ids) answers = with_inference_ids(plan, answers);
  control_.outside.put_object(job.account, output_of(plan, input), as_bytes(answers), plan.accept);
}

std::string TransformWork::answers_to(const Record& job, const TransformPlan& plan, std::string_view content) {
  std::string answers;
  const auto end_line = [&] {
    require(answers.size() <= kMostObject, "the answers to one object are more than ", kMostObject >> 20,
            " MiB: divide it into smaller ones");
    if (plan.newline_after && !answers.ends_with('\n')) answers += '\n';
  };
  if (!plan.filter) {
    for (const std::string_view request : requests_of(plan, content)) {
      answers += ask(job, plan, request);
      end_line();
    }
    return answers;
  }
  const std::vector<std::string_view> records = transform_records(content, plan.by_line);
  const std::string sent = sent_of(*plan.filter, records);
  std::size_t next = 0;
  for (const std::string_view request : requests_of(plan, sent)) {
    // Each record is a line; one that is sent alone has no end of it.
    const auto ends = static_cast<std::size_t>(std::count(request.begin(), request.end(), '\n'));
    const std::string said = ask(job, plan, request);
    for (const std::string_view answer : answers_in(*plan.filter, said, std::max<std::size_t>(1, ends))) {
      answers += written_of(*plan.filter, records.at(next++), answer);
      end_line();
    }
  }
  return answers;
}

std::string TransformWork::ask(const Record& job, const TransformPlan& plan, std::string_view request) {
  Request made{.method = "POST", .target = "/invocations", .path = "/invocations"};
  const ByteView body = as_bytes(request);
  made.body.assign(body.begin(), body.end());
  if (!plan.content_type.empty()) made.headers.emplace_back("Content-Type", plan.content_type);
  if (!plan.accept.empty()) made.headers.emplace_back("Accept", plan.accept);
  for (int attempt = 0;; ++attempt) {
    const Response response = control_.outside.invoke(job.account, transform_endpoint(job.name), made);
    if (response.status >= 200 && response.status < 300) return response.body;
    require(is_worth_another_try(response) && attempt < plan.retries, reason_of(response));
    check_wanted(job);
    errands_.pause(0.1 * (1 << attempt));
  }
}

}  // namespace graft
