// SageMaker: training jobs, models, endpoints, batch transform and tuning behind AWS's own API, and the calls of its
// runtime. Everything it says is kept in SQLite before it is answered; work that a kill interrupted goes on when it is
// made again.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "aws/operation.h"
#include "http/exchange.h"
#include "remote/store.h"
#include "watch/logs.h"
#include "watch/metrics.h"

namespace graft {

struct SageMakerOptions {
  std::filesystem::path folder{};    // of records, jobs and endpoints; made
  std::filesystem::path programs{};  // where graft and graft-learn are
  std::string executor = "local";    // of training jobs; or "slurm"
  int cores = 0;                     // for training jobs; 0: all
  // How the jobs, models and endpoints of an account reach their objects. Called when they do, not before.
  std::function<S3Settings(const std::string& account)> s3{};
  // Whether the account's alarm of this name is in ALARM: a deployment that names it is rolled back then.
  std::function<bool(const std::string& account, const std::string& alarm)> in_alarm{};
};

class SageMaker {
 public:
  // `logs` and `metrics` must outlive it. What needs the object store is tried again until that answers, so this may be
  // made before the port listens.
  SageMaker(const SageMakerOptions& options, Logs& logs, Metrics& metrics);
  // Ends serving processes and leaves training jobs running.
  ~SageMaker();
  SageMaker(const SageMaker&) = delete;
  SageMaker& operator=(const SageMaker&) = delete;

  // The control plane, for aws::answer_json. Its functions are thread-safe, and some wait for the object store: they
  // must not take the last thread that serves it. Good for as long as this lives.
  const aws::Service& service() const;

  // Every call under /endpoints/ (the runtime's rest-json), also of anonymous callers; answers errors too. Waits for
  // the model.
  Response invoke(const Caller& caller, Exchange& exchange);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
