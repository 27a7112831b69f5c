// What SageMaker's operations work with: the records, and the rest of the house as functions, so that a test can put
// others in their place.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/records.h"
#include "hosting/endpoint.h"
#include "http/message.h"
#include "identity/caller.h"
#include "remote/store.h"
#include "runner/job.h"
#include "watch/metrics.h"

namespace graft {

// All may be called from several threads, and throw as what they stand for does.
struct Outside {
  // As Runner's.
  std::function<void(const JobSpec&)> submit_job{};
  std::function<void(const std::string&account, const std::string&name)> stop_job{}, erase_job{};

  // As Hosting's.
  std::function<void(const EndpointSpec&)> apply_endpoint{};
  std::function<void(const std::string& account, const std::string& name)> remove_endpoint{};
  std::function<std::optional<EndpointState>(const std::string& account, const std::string& name)> endpoint_state{};
  std::function<Response(const std::string& account, const std::string& name, const Request&)> invoke{};

  // The objects of an account: at most so many, by key, whose keys begin with the path's; one, whole; an object put.
  std::function<std::vector<RemoteObject>(const std::string& account, const S3Path&, std::size_t most)> list_objects{};
  std::function<Bytes(const std::string& account, const S3Path&, std::uint64_t limit)> get_object{};
  std::function<void(const std::string& account, const S3Path&, ByteView, const std::string& content_type)>
      put_object{};

  std::function<void(const std::string& account, const std::string& group, const std::string& stream,
                     const std::vector<std::string>& lines)>
      log{};
  std::function<void(const std::string& account, const Metric&, double time, double value)> put_metric{};

  // A training job that a tuning job started has ended or said its objective, or a tuning job was made or stopped:
  // somebody is to look.
  std::function<void(const std::string& account, const std::string& tuning_job)> tuning_changed{};
  // The same for a transform job that was made or stopped.
  std::function<void(const std::string& account, const std::string& transform_job)> transform_changed{};
};

struct Control {
  Records& records;
  const Outside& outside;
};

// An operation that works with `control`, which must outlive it, for a service's table.
template <typename Function>
auto bound(const Control& control, Function function) {
  return [&control, function](const Caller& caller, const Json& input) { return function(control, caller, input); };
}

}  // namespace graft
