#include "watch/document.h"

#include "aws/document.h"
#include "base/file.h"
#include "watch/logs_service.h"
#include "watch/metrics_service.h"

namespace graft {

std::string watch_document() {
  // The tables run nothing; they are of services that have nothing to tell.
  const TemporaryFolder folder;
  Logs logs(folder.path());
  Metrics metrics(folder.path());
  Alarms alarms(folder.path(), metrics);
  return aws::describe(
      {logs_service(logs), metrics_service(metrics, alarms)},
      "# CloudWatch and CloudWatch Logs\n\n"
      "What graft does of their APIs. CloudWatch speaks awsJson 1.0, the query protocol and CBOR, Logs "
      "awsJson 1.1.");
}

}  // namespace graft
