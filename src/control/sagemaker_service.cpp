#include "control/sagemaker_service.h"

#include "aws/document.h"
#include "control/endpoint.h"
#include "control/endpoint_config.h"
#include "control/model.h"
#include "control/tags.h"
#include "control/training_job.h"
#include "control/transform_job.h"
#include "control/tuning_job.h"

namespace graft {
namespace {

constexpr const char* kIntroduction = R"(# SageMaker's API in graft

Every operation that `graft up` answers, and what it does with each field: *done*; *kept, without effect* (Describe gives
it back); *refused* (a ValidationException names it, unless it asks for nothing: false, empty). A field stands for all
below it. What is not in these tables is refused by name. They are the program's own, and a test compares them.
[sagemaker.md](sagemaker.md) has what a training job may be told.

Names belong to an account, whatever the region; ARNs have the region that a request was signed for. Roles are checked
for their form and kept: what a job or model may reach is what its account may.

**Images.** A repository called `graft`, `graft-training`, `graft-serving`, `graft-inference` or `image-classification`,
in any registry and with any tag, is graft itself, and runs as processes of this machine. Other images run in podman or
docker where the machine has one, and fail, saying so, where it has none. An endpoint of `image-classification` answers as
that algorithm does, with a bare list of probabilities; those of the others say the labels ([serving.md](serving.md)).
Jobs of graft's images have the metrics `train:accuracy`, `train:loss`, `validation:accuracy`, `validation:loss` and
`test:accuracy` without a definition.

**Endpoints that sleep.** The processes of an endpoint end after so many seconds without requests, and start at the next
one: the tag `graft:idle-seconds` of the endpoint configuration says how many, else the variable `GRAFT_IDLE_SECONDS` of
a model (the longest of several), else 300 where all variants have a ServerlessConfig without provisioned concurrency.
Else they never do. An endpoint is `SystemUpdating` while it starts again with the platform.

**Public endpoints.** An endpoint whose tag `graft:public` is `true` (CreateEndpoint, AddTags) is invoked by everybody:
without a signature, or with one of another account, under the name `ACCOUNT.NAME`. Nothing else of it is open. From one
address 20 calls a second are answered, 40 after a rest, and from all 32 at a time; the others get a ServiceUnavailable.

**Updates.** Before traffic goes over, the new variants are there and healthy. A RollingUpdatePolicy is a linear shift. An
alarm of the AutoRollbackConfiguration, or a variant that does not start, takes the endpoint back to what it was.

**Batch transform.** Every object below the S3Uri, or in the manifest, is posted to the model, and its answer is put to
`<S3OutputPath>/<what comes behind the S3Uri, or its name in the manifest>.out`. With DataProcessing a record is JSON, a
line where the SplitType is Line, else the object; or a row of CSV, whose cells stay as they are written, quotes and all,
and to which the cells of the answer are joined. Of a part `[a:b]` of a list or row b is the first that is not in it. When some fail the others are done, the job is Failed and the log
stream `<job>/i-1-<time>/data-log` names them. A platform that was killed goes on with those that have no output yet. An
object has at most 256 MiB, unpacked too, and so have the answers to it. The objects that all jobs work at take at most
1 GiB together, each counted as twice its size, as 32 times with DataProcessing (8 times what is above 32 MiB, the most
that a record may have), and one in Gzip as if it were the largest; others wait.
With a DataCaptureConfig a completed job puts two manifests, `<DestinationS3Uri>/input/yyyy/mm/dd/hh/<job>.json` with the
objects and the same below `output` with the answers, by the hour (UTC) in which it began; GenerateInferenceId adds
an id and that time to each record.

**Tuning.** Bayesian is a Parzen estimator (Bergstra et al., 2011). Auto scaling is logarithmic for a
range above 0 whose ends are a factor of 100 apart, else linear. The objective is the last value that a job says of its
metric; graft's images end with that of the model they keep. Hyperband counts a job's values of the objective as its
epochs and compares it, at a third, a ninth and so on of MaxResource, with all that have come so far: outside the best third
it is stopped. It waits for nobody (Li et al., 2020). Early stopping `Auto` compares each value with the median of the
averages of at least three earlier jobs. What was stopped so counts with its last value; the best training job is one that
has a model. What a job says again when it was restarted does not count twice. With a WarmStartConfig Bayesian knows what
the parents' training jobs came to, as if this job had tried it, where the values lie in its ranges; the other strategies
do not ask. A job and its parents have at most 750 training jobs together.
)";

}  // namespace

aws::Service sagemaker_service(const Control& control) {
  aws::Service service{
      .name = "SageMaker", .target_prefix = "SageMaker", .signing_name = "sagemaker", .operations = {}};
  for (const auto& operations : {training_operations(control), model_operations(control),
                                 endpoint_config_operations(control), endpoint_operations(control),
                                 transform_operations(control), tuning_operations(control), tag_operations(control)}) {
    service.operations.insert(service.operations.end(), operations.begin(), operations.end());
  }
  return service;
}

std::string sagemaker_document(const aws::Service& service) {
  return aws::describe({service}, kIntroduction);
}

}  // namespace graft
