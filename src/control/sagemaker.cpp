#include "control/sagemaker.h"

#include "control/endpoint.h"
#include "control/resource.h"
#include "control/runtime.h"
#include "control/sagemaker_service.h"
#include "control/training_events.h"
#include "control/training_job.h"
#include "control/transform_work.h"
#include "control/tuning_work.h"
#include "hosting/hosting.h"
#include "runner/runner.h"

namespace graft {
namespace {

RunnerOptions::Executor executor_of(const std::string& name) {
  if (name == "local") return RunnerOptions::Executor::local;
  require(name == "slurm", "there is no executor \"", name, "\": give local or slurm");
  return RunnerOptions::Executor::slurm;
}

// Some of what the store has, without waiting for the rest.
struct Enough {};

}  // namespace

struct SageMaker::State {
  State(SageMakerOptions given, Logs& logs_of_all, Metrics& metrics_of_all)
      : options(std::move(given)), logs(logs_of_all), metrics(metrics_of_all), records(options.folder) {}

  RunnerListener runner_listener();
  HostingListener hosting_listener();
  void set_work();
  void set_objects();
  std::vector<RemoteObject> list_objects(const std::string& account, const S3Path& path, std::size_t most) const;
  void log_of_endpoint(const std::string& account, const std::string& endpoint, const std::string& variant,
                       const std::string& instance, const std::vector<std::string>& lines);

  // In the order in which each uses those before it.
  const SageMakerOptions options;
  Logs& logs;
  Metrics& metrics;
  Records records;
  Outside outside{};
  const Control control{records, outside};
  const aws::Service service = sagemaker_service(control);
  Strangers strangers{};
  TrainingNews news{control};
  TransformWork transforms{control};
  TuningWork tunings{control};
  std::unique_ptr<Hosting> hosting{};
  std::unique_ptr<Runner> runner{};
};

RunnerListener SageMaker::State::runner_listener() {
  return {.event = [this](const JobSpec& spec, const JobEvent& event) { news.event(spec, event); },
          .log = [this](const JobSpec& spec, const std::string& host,
                        const std::vector<std::string>& lines) { news.log(spec, host, lines); },
          .metric = [this](const JobSpec& spec, const std::string& metric, double time,
                           double value) { news.metric(spec, metric, time, value); }};
}

HostingListener SageMaker::State::hosting_listener() {
  return {.changed =
              [this](const EndpointState& state) {
                if (job_of_endpoint(state.name).empty()) record_endpoint_state(control, state);
              },
          .log =
              [this](const std::string& account, const std::string& endpoint, const std::string& variant,
                     const std::string& instance, const std::vector<std::string>& lines) {
                log_of_endpoint(account, endpoint, variant, instance, lines);
              },
          .metric =
              [this](const std::string& account, const std::string& endpoint, const std::string& variant,
                     const std::string& metric, double value) {
                if (!job_of_endpoint(endpoint).empty()) return;
                metrics.put(account,
                            {.space = "AWS/SageMaker",
                             .name = metric,
                             .dimensions = {{"EndpointName", endpoint}, {"VariantName", variant}}},
                            now(), value);
              }};
}

void SageMaker::State::log_of_endpoint(const std::string& account, const std::string& endpoint,
                                       const std::string& variant, const std::string& instance,
                                       const std::vector<std::string>& lines) {
  const std::string job = job_of_endpoint(endpoint);
  if (job.empty()) {
    logs.append(account, "/aws/sagemaker/Endpoints/" + endpoint, variant + "/" + instance, lines);
  } else {
    logs.append(account, "/aws/sagemaker/TransformJobs", job + "/" + instance, lines);
  }
}

void SageMaker::State::set_work() {
  outside.submit_job = [this](const JobSpec& spec) { runner->submit(spec); };
  outside.stop_job = [this](const std::string& account, const std::string& job) { runner->stop(account, job); };
  outside.erase_job = [this](const std::string& account, const std::string& job) { runner->erase(account, job); };
  outside.apply_endpoint = [this](const EndpointSpec& spec) { hosting->apply(spec); };
  outside.remove_endpoint = [this](const std::string& account, const std::string& endpoint) {
    hosting->remove(account, endpoint);
  };
  outside.endpoint_state = [this](const std::string& account, const std::string& endpoint) {
    return hosting->state(account, endpoint);
  };
  outside.invoke = [this](const std::string& account, const std::string& endpoint, const Request& request) {
    return hosting->invoke(account, endpoint, request);
  };
  outside.tuning_changed = [this](const std::string& account, const std::string& job) { tunings.look(account, job); };
  outside.transform_changed = [this](const std::string& account, const std::string& job) {
    transforms.look(account, job);
  };
}

void SageMaker::State::set_objects() {
  outside.list_objects = [this](const std::string& account, const S3Path& path, std::size_t most) {
    return list_objects(account, path, most);
  };
  outside.get_object = [this](const std::string& account, const S3Path& path, std::uint64_t limit) {
    return graft::get_object(options.s3(account), path, limit);
  };
  outside.put_object = [this](const std::string& account, const S3Path& path, ByteView content,
                              const std::string& type) { graft::put_object(options.s3(account), path, content, type); };
  outside.log = [this](const std::string& account, const std::string& group, const std::string& stream,
                       const std::vector<std::string>& lines) { logs.append(account, group, stream, lines); };
  outside.put_metric = [this](const std::string& account, const Metric& metric, double time, double value) {
    metrics.put(account, metric, time, value);
  };
}

std::vector<RemoteObject> SageMaker::State::list_objects(const std::string& account, const S3Path& path,
                                                         std::size_t most) const {
  std::vector<RemoteObject> found;
  try {
    graft::list_objects(options.s3(account), path, [&](const RemoteObject& object) {
      found.push_back(object);
      if (found.size() >= most) throw Enough{};
    });
  } catch (const Enough&) {
  }
  return found;
}

SageMaker::SageMaker(const SageMakerOptions& options, Logs& logs, Metrics& metrics)
    : state_(std::make_unique<State>(options, logs, metrics)) {
  State& state = *state_;
  state.set_work();
  state.set_objects();
  state.hosting = std::make_unique<Hosting>(HostingOptions{.folder = options.folder / "endpoints",
                                                           .programs = options.programs,
                                                           .hidden = options.folder.parent_path(),
                                                           .s3 = options.s3,
                                                           .in_alarm = options.in_alarm},
                                            state.hosting_listener());
  state.runner = std::make_unique<Runner>(RunnerOptions{.folder = options.folder / "jobs",
                                                        .programs = options.programs,
                                                        .executor = executor_of(options.executor),
                                                        .cores = options.cores,
                                                        .hidden = options.folder.parent_path(),
                                                        .s3 = options.s3},
                                          state.runner_listener());
  resume_training_jobs(state.control);
  resume_endpoints(state.control);
  state.transforms.start();
  state.tunings.start();
}

SageMaker::~SageMaker() {
  // They ask the runner and hosting, which end next.
  state_->transforms.stop();
  state_->tunings.stop();
}

const aws::Service& SageMaker::service() const {
  return state_->service;
}

Response SageMaker::invoke(const Caller& caller, Exchange& exchange) {
  return invoke_endpoint(state_->control, state_->strangers, caller, exchange);
}

}  // namespace graft
