#include "control/transform_job.h"

#include "control/fields.h"
#include "control/model.h"
#include "control/objects.h"
#include "control/resource.h"
#include "control/tags.h"
#include "control/training_events.h"
#include "control/training_fields.h"
#include "control/transform_capture.h"
#include "control/transform_plan.h"

namespace graft {
namespace {

void check_input(const Json& input) {
  const std::string at = "TransformInput";
  if (!input.contains("TransformInput")) aws::invalid_field("", at, nullptr, "Member must not be null");
  const Json& given = aws::object_of(input, "TransformInput");
  const Json& source = aws::object_of(aws::object_of(given, "DataSource", at), "S3DataSource", at + ".DataSource");
  const std::string place = at + ".DataSource.S3DataSource";
  aws::text_of(source, "S3DataType", {.one_of = {"S3Prefix", "ManifestFile"}}, place);
  fields::s3_uri_of(source, "S3Uri", place);
  aws::text_if(given, "ContentType", fields::short_text(), at);
  const std::string split =
      aws::text_if(given, "SplitType", {.one_of = {"None", "Line", "RecordIO", "TFRecord"}}, at).value_or("None");
  if (split != "None" && split != "Line") {
    throw validation_error(text("graft splits objects by Line or not at all: the SplitType ", split, " is not built"));
  }
  aws::text_if(given, "CompressionType", {.one_of = {"None", "Gzip"}}, at);
}

void check_request(const Json& input) {
  aws::text_of(input, "TransformJobName", fields::job_name());
  aws::text_of(input, "ModelName", fields::model_name());
  check_input(input);
  if (!input.contains("TransformOutput")) aws::invalid_field("", "TransformOutput", nullptr, "Member must not be null");
  const Json& output = aws::object_of(input, "TransformOutput");
  fields::s3_uri_of(output, "S3OutputPath", "TransformOutput");
  aws::text_if(output, "Accept", fields::short_text(), "TransformOutput");
  aws::text_if(output, "AssembleWith", {.one_of = {"None", "Line"}}, "TransformOutput");
  if (!input.contains("TransformResources")) {
    aws::invalid_field("", "TransformResources", nullptr, "Member must not be null");
  }
  const Json& resources = aws::object_of(input, "TransformResources");
  aws::text_of(resources, "InstanceType", fields::instance_type(), "TransformResources");
  aws::integer_of(resources, "InstanceCount", {1, 100}, "TransformResources");
  aws::text_if(input, "BatchStrategy", {.one_of = {"MultiRecord", "SingleRecord"}});
  const auto concurrent = aws::integer_if(input, "MaxConcurrentTransforms", {0, 100}).value_or(0);
  const auto payload = aws::integer_if(input, "MaxPayloadInMB", {0, 100});
  if (concurrent > 0 && payload && concurrent * *payload > 100) {
    throw validation_error("MaxConcurrentTransforms times MaxPayloadInMB must not be more than 100");
  }
  const Json& client = aws::object_of(input, "ModelClientConfig");
  aws::integer_if(client, "InvocationsTimeoutInSeconds", {1, 3600}, "ModelClientConfig");
  aws::integer_if(client, "InvocationsMaxRetries", {0, 3}, "ModelClientConfig");
  aws::map_of(input, "Environment", {.most = 16}, fields::variable(), {.most = 10240});
  transform_filter(input);
  check_capture(input);
}

// What the container of a transform sees besides its own variables.
void add_environment(VariantSpec& variant, const Json& input) {
  for (const auto& [key, value] : aws::map_of(input, "Environment", {.most = 16}, {}, {.most = 10240})) {
    variant.environment[key] = value;
  }
  variant.environment["SAGEMAKER_BATCH"] = "true";
  if (input.contains("MaxPayloadInMB")) {
    variant.environment["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = input.at("MaxPayloadInMB").dump();
  }
  if (input.contains("MaxConcurrentTransforms")) {
    variant.environment["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = input.at("MaxConcurrentTransforms").dump();
  }
  if (input.contains("BatchStrategy")) {
    variant.environment["SAGEMAKER_BATCH_STRATEGY"] =
        input.at("BatchStrategy") == "SingleRecord" ? "SINGLE_RECORD" : "MULTI_RECORD";
  }
}

// The model, as an endpoint that only this job knows.
EndpointSpec serving_of(const Control& control, const Caller& caller, const Json& input) {
  VariantSpec variant = variant_of_model(control, caller, input.at("ModelName"));
  variant.name = "transform";
  variant.instance_type = input.at("TransformResources").at("InstanceType");
  variant.instances = input.at("TransformResources").at("InstanceCount");
  add_environment(variant, input);
  const std::string name = input.at("TransformJobName");
  return {.account = caller.account,
          .region = caller.region,
          .name = transform_endpoint(name),
          .arn = arn_of(caller, kTransformJob, name),
          .config = name,
          .variants = {variant}};
}

Json create_transform_job(const Control& control, const Caller& caller, const Json& input) {
  check_request(input);
  const std::string name = input.at("TransformJobName"), arn = arn_of(caller, kTransformJob, name);
  if (control.records.find(caller.account, kTransformJob, name)) throw there_already(caller, kTransformJob, name);
  const EndpointSpec serving = serving_of(control, caller, input);
  const TransformPlan plan = transform_plan(input);
  if (!has_objects(control, caller.account, transform_uri(input), plan.manifest)) {
    throw validation_error(text("No S3 objects found under S3 URL \"", transform_uri(input),
                                "\" given in input data source. Please ensure that the bucket exists in the selected "
                                "region (",
                                caller.region, "), and that objects exist under that S3 prefix."));
  }
  Record job = new_record(caller, kTransformJob, name, input);
  job.status = "InProgress";
  job.inner["Serving"] = serving;
  job.document["TransformJobArn"] = arn;
  create_or_fail(control.records, caller, job);
  control.outside.transform_changed(caller.account, name);
  return {{"TransformJobArn", arn}};
}

Json describe_transform_job(const Control& control, const Caller& caller, const Json& input) {
  return described(
      find_or_fail(control.records, caller, kTransformJob, aws::text_of(input, "TransformJobName", fields::job_name())),
      "TransformJobStatus");
}

Json list_transform_jobs(const Control& control, const Caller& caller, const Json& input) {
  return list_records(control.records, caller, kTransformJob, input, "TransformJobSummaries", [&](const Record& job) {
    return summary_of(job, {"TransformJobName", "TransformJobArn", "TransformEndTime", "FailureReason"},
                      "TransformJobStatus");
  });
}

Json stop_transform_job(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "TransformJobName", fields::job_name());
  const bool there = control.records.update(caller.account, kTransformJob, name, [](Record& job) {
    require_going_on(job);
    // One that nobody has begun with need not wait until somebody does.
    const bool begun = job.document.contains("TransformStartTime");
    job.status = begun ? "Stopping" : "Stopped";
    if (!begun) job.document["TransformEndTime"] = now();
  });
  if (!there) throw missing(caller, kTransformJob, name);
  control.outside.transform_changed(caller.account, name);
  return nullptr;
}

std::vector<aws::Field> create_fields() {
  using enum aws::Support;
  return {
      {"TransformJobName", done},
      {"ModelName", done},
      {"MaxConcurrentTransforms", done, "4 where it is not given or 0"},
      {"MaxPayloadInMB", done, "6 where it is not given; 0: 100"},
      {"ModelClientConfig.InvocationsMaxRetries", done, "3 where it is not given"},
      {"ModelClientConfig.InvocationsTimeoutInSeconds", ignored, "a model has 60 s for an answer"},
      {"BatchStrategy", done},
      {"Environment", done},
      {"TransformInput.DataSource.S3DataSource.S3DataType", done, "`S3Prefix`, `ManifestFile`"},
      {"TransformInput.DataSource.S3DataSource.S3Uri", done, "objects of at most 256 MiB"},
      {"TransformInput.ContentType", done},
      {"TransformInput.CompressionType", done, "with `Gzip` each object is unpacked before it is split"},
      {"TransformInput.SplitType", done, "`None`, `Line`"},
      {"TransformOutput.S3OutputPath", done},
      {"TransformOutput.Accept", done},
      {"TransformOutput.AssembleWith", done},
      {"TransformOutput.KmsKeyId", ignored, "nothing is encrypted with it"},
      {"TransformResources.InstanceType", done},
      {"TransformResources.InstanceCount", done, "processes that share the objects"},
      {"TransformResources.VolumeKmsKeyId", ignored, "nothing is encrypted with it"},
      {"TransformResources.TransformAmiVersion", ignored},
      {"DataProcessing.InputFilter", done,
       "`$`, `.name`, `*`, `['a','b']`, `[0,-1]`, `[1:3]`, `[0,5:]`; of CSV the columns"},
      {"DataProcessing.OutputFilter", done, "the same"},
      {"DataProcessing.JoinSource", done, "of JSON and CSV"},
      {"DataCaptureConfig.DestinationS3Uri", done,
       "lists of the objects and of the answers, when the job is completed"},
      {"DataCaptureConfig.GenerateInferenceId", done, "of CSV, JSON and JSON Lines"},
      {"DataCaptureConfig.KmsKeyId", ignored, "nothing is encrypted with it"},
      {"Tags", done},
      {"ExperimentConfig", ignored},
  };
}

}  // namespace

std::vector<aws::Operation> transform_operations(const Control& control) {
  return {{"CreateTransformJob", create_fields(), bound(control, create_transform_job)},
          {"DescribeTransformJob", {{"TransformJobName", aws::Support::done}}, bound(control, describe_transform_job)},
          {"ListTransformJobs", list_fields(true), bound(control, list_transform_jobs)},
          {"StopTransformJob", {{"TransformJobName", aws::Support::done}}, bound(control, stop_transform_job)}};
}

}  // namespace graft
