// A request from the door to its answer: which service it is for, who sent it, and the record of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aws/operation.h"
#include "control/platform_metrics.h"
#include "control/route.h"
#include "identity/admission.h"
#include "s3/object_service.h"

namespace graft {

// A service that is known by its signature alone, as its operations are named by a form.
struct QueryService {
  std::string signing_name{};  // "sts"
  // Of a request whose body is whole. What it throws is answered in XML.
  std::function<Response(const Caller&, const Request&)> answer{};
};
// The operations of a table, in the query protocol of this version. Both views are literals.
QueryService query_service(aws::Service service, std::string_view version, std::string_view xmlns);

// All that one port serves. What is referred to must outlive it.
struct PlatformServices {
  Identity& identity;
  PlatformMetrics& metrics;
  std::function<ObjectService::Done(SignedExchange&)> objects{};
  std::vector<aws::Service> json{};
  std::vector<QueryService> query{};
  std::function<Response(const Caller&, Exchange&)> runtime{};
  // "/_/..": without a signature.
  std::function<Response(const Request&)> own{};
  AdmissionOptions admission{};
};

Route route_of(const PlatformServices& services, const Request& request);

// Answers it, on a thread that may wait. Thread-safe. Calls that change something, and those that are refused, are
// written to the audit log.
void serve(const PlatformServices& services, const std::shared_ptr<Exchange>& exchange);

}  // namespace graft
