#include "control/sagemaker_service.h"

#include "aws/document.h"
#include "control/endpoint.h"
#include "control/endpoint_config.h"
#include "control/model.h"
#include "control/tags.h"
#include "control/training_job.h"

namespace graft {

aws::Service sagemaker_service(const Control& control) {
  aws::Service service{
      .name = "SageMaker", .target_prefix = "SageMaker", .signing_name = "sagemaker", .operations = {}};
  for (const auto& operations :
       {training_operations(control), model_operations(control), endpoint_config_operations(control),
        endpoint_operations(control), tag_operations(control)}) {
    service.operations.insert(service.operations.end(), operations.begin(), operations.end());
  }
  return service;
}

std::string sagemaker_document(const aws::Service& service) {
  return aws::describe(
      {service},
      "# SageMaker's API in graft\n\n"
      "Every operation that `graft up` answers, and what it does with each field: *done*; *kept, without "
      "effect* (it is given back by Describe); *refused* (a ValidationException names it, unless it asks "
      "for nothing: false, empty). A field stands for all below it. Operations and fields that are not "
      "in these tables are refused by name.\n\n"
      "The tables are those of the program; a test compares them. [sagemaker.md](sagemaker.md) is the "
      "guide.\n");
}

}  // namespace graft
