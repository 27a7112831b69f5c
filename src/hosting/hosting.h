// Endpoints: serving processes that are kept alive, and the way of a request to one of them. Knows nothing of
// SageMaker's API but its words.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "hosting/endpoint.h"
#include "http/message.h"
#include "remote/store.h"

namespace graft {

struct HostingOptions {
  std::filesystem::path folder{};    // models that were unpacked, logs
  std::filesystem::path programs{};  // where graft is
  // The platform's folder, of which a graft that serves sees its model only, where the kernel can do that; empty: all.
  std::filesystem::path hidden{};
  std::function<S3Settings(const std::string& account)> s3{};
  std::function<bool(const std::string& account, const std::string& alarm)> in_alarm{};
};

struct HostingListener {
  // The endpoint came to be, changed, failed, was rolled back, went to sleep.
  std::function<void(const EndpointState&)> changed{};
  // Lines that a serving process wrote.
  std::function<void(const std::string& account, const std::string& endpoint, const std::string& variant,
                     const std::string& instance, const std::vector<std::string>& lines)>
      log{};
  // "Invocations", "ModelLatency" (microseconds), "CapturesDropped", ... of one variant.
  std::function<void(const std::string& account, const std::string& endpoint, const std::string& variant,
                     const std::string& metric, double value)>
      metric{};
};

class Hosting {
 public:
  Hosting(HostingOptions options, HostingListener listener);
  // Ends all serving processes.
  ~Hosting();

  // Makes the endpoint, or changes it to this without a dropped request; goes on in the background and tells `changed`.
  // A change whose instances are still being started is given up for a later one; one that is being shifted to is not.
  // What is applied to an endpoint that serves nothing yet is deployed to it when it does: applied one after the other,
  // what served before a platform was killed and what it was to become go on where they were.
  void apply(const EndpointSpec& spec);
  // Behind it nothing is told of the endpoint any more.
  void remove(const std::string& account, const std::string& endpoint);
  std::optional<EndpointState> state(const std::string& account, const std::string& endpoint) const;

  // Waits for the answer, of the model or, in the model's place, SageMaker's (ModelError, ValidationError,
  // ServiceUnavailable). The request's headers are those the client sent to InvokeEndpoint.
  Response invoke(const std::string& account, const std::string& endpoint, const Request& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
