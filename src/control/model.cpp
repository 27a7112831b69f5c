#include "control/model.h"

#include "control/fields.h"
#include "control/images.h"
#include "control/objects.h"
#include "control/resource.h"
#include "control/tags.h"
#include "control/training_fields.h"

namespace graft {
namespace {

// Its data, or nothing. One of the two forms that a container may have.
std::string model_data_of(const Json& container) {
  if (container.contains("ModelDataUrl")) return fields::s3_uri_of(container, "ModelDataUrl", "PrimaryContainer");
  if (!container.contains("ModelDataSource")) return {};
  const std::string at = "PrimaryContainer.ModelDataSource.S3DataSource";
  const Json& source =
      aws::object_of(container.at("ModelDataSource"), "S3DataSource", "PrimaryContainer.ModelDataSource");
  std::string uri = fields::s3_uri_of(source, "S3Uri", at);
  const std::string type = aws::text_of(source, "S3DataType", {.one_of = {"S3Prefix", "S3Object"}}, at);
  const std::string compression = aws::text_of(source, "CompressionType", {.one_of = {"None", "Gzip"}}, at);
  if (type == "S3Object" && compression == "None") {
    throw validation_error("A model in one object is a model.tar.gz: its CompressionType must be Gzip");
  }
  if (type == "S3Prefix" && compression == "Gzip") {
    throw validation_error("A model in an S3Prefix is its files as they are: its CompressionType must be None");
  }
  if (type == "S3Prefix" && !uri.ends_with('/')) {
    throw validation_error(text("The S3Uri ", uri, " of an S3Prefix must end with '/'"));
  }
  return uri;
}

// The container of the request, in either of its forms.
const Json& container_of(const Json& input) {
  const Json& containers = aws::list_of(input, "Containers", {.most = 15});
  if (input.contains("PrimaryContainer") != containers.empty()) {
    throw validation_error("Either one PrimaryContainer or Containers must be given");
  }
  if (containers.size() > 1) {
    throw validation_error("graft serves models of one container: an inference pipeline of several is not built");
  }
  return containers.empty() ? aws::object_of(input, "PrimaryContainer") : containers[0];
}

void check_container(const Control& control, const Caller& caller, const Json& container) {
  const std::string at = "PrimaryContainer";
  aws::text_of(container, "Image", fields::image(), at);
  aws::map_of(container, "Environment", {.most = 100}, fields::variable(), {.most = 1024}, at);
  aws::text_if(container, "ContainerHostname", fields::job_name(), at);
  const bool many = aws::text_if(container, "Mode", {.one_of = {"SingleModel", "MultiModel"}}, at) == "MultiModel";
  const std::string uri = model_data_of(container);
  if (many && !uri.ends_with('/')) {
    throw validation_error(
        "The ModelDataUrl of a container in the mode MultiModel must be a prefix that ends with '/'");
  }
  if (!uri.empty() && !has_objects(control, caller.account, uri, !uri.ends_with('/'))) {
    throw validation_error(text("Could not find model data at ", uri, "."));
  }
}

Json create_model(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "ModelName", fields::model_name());
  aws::text_if(input, "ExecutionRoleArn", fields::role_arn());
  if (input.contains("InferenceExecutionConfig")) {
    aws::text_of(input.at("InferenceExecutionConfig"), "Mode", {.one_of = {"Serial", "Direct"}},
                 "InferenceExecutionConfig");
  }
  const Json& container = container_of(input);
  if (control.records.find(caller.account, kModel, name)) throw there_already(caller, kModel, name);
  check_container(control, caller, container);
  const std::string arn = arn_of(caller, kModel, name);
  Record model = new_record(caller, kModel, name, input);
  model.document["ModelArn"] = arn;
  model.document.emplace("EnableNetworkIsolation", false);
  Json& kept =
      input.contains("PrimaryContainer") ? model.document["PrimaryContainer"] : model.document["Containers"][0];
  kept.emplace("Mode", "SingleModel");
  kept.emplace("Environment", Json::object());
  create_or_fail(control.records, caller, model);
  return {{"ModelArn", arn}};
}

Json describe_model(const Control& control, const Caller& caller, const Json& input) {
  return described(
      find_or_fail(control.records, caller, kModel, aws::text_of(input, "ModelName", fields::model_name())));
}

Json list_models(const Control& control, const Caller& caller, const Json& input) {
  return list_records(control.records, caller, kModel, input, "Models", [&](const Record& model) {
    return summary_of(model, {"ModelName", "ModelArn"});
  });
}

Json delete_model(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "ModelName", fields::model_name());
  erase_or_fail(control.records, caller, kModel, name);
  return nullptr;
}

const Json& kept_container(const Record& model) {
  return model.document.contains("PrimaryContainer") ? model.document.at("PrimaryContainer")
                                                     : model.document.at("Containers").at(0);
}

std::vector<aws::Field> create_model_fields() {
  using enum aws::Support;
  std::vector<aws::Field> fields = {{"ModelName", done}};
  static constexpr const char* kContainers[][11] = {
      {"PrimaryContainer.Image", "PrimaryContainer.ModelDataUrl", "PrimaryContainer.ModelDataSource",
       "PrimaryContainer.Environment", "PrimaryContainer.Mode", "PrimaryContainer.ContainerHostname",
       "PrimaryContainer.ImageConfig", "PrimaryContainer.MultiModelConfig",
       "PrimaryContainer.AdditionalModelDataSources", "PrimaryContainer.ModelPackageName",
       "PrimaryContainer.InferenceSpecificationName"},
      {"Containers[].Image", "Containers[].ModelDataUrl", "Containers[].ModelDataSource", "Containers[].Environment",
       "Containers[].Mode", "Containers[].ContainerHostname", "Containers[].ImageConfig",
       "Containers[].MultiModelConfig", "Containers[].AdditionalModelDataSources", "Containers[].ModelPackageName",
       "Containers[].InferenceSpecificationName"}};
  for (const auto& path : kContainers) {
    fields.push_back({path[0], done, "graft's own images run as processes; others need podman or docker"});
    fields.push_back({path[1], done, "in the form `s3://`; with the mode MultiModel a prefix"});
    fields.push_back({path[2], done, "`S3Object` with `Gzip`, or `S3Prefix` with `None`"});
    fields.push_back(
        {path[3], done,
         "`GRAFT_IDLE_SECONDS`: its processes end after so long without requests; `GRAFT_ANSWERS`: `labels` or "
         "`probabilities`, which are the default of `image-classification`"});
    fields.push_back({path[4], done});
    fields.push_back({path[5], ignored, "there is one container"});
    fields.push_back({path[6], ignored});
    fields.push_back({path[7], ignored});
    fields.push_back({path[8], refused, "a model has one source of data"});
    fields.push_back({path[9], refused, "there is no model registry"});
    fields.push_back({path[10], refused, "there is no model registry"});
  }
  const std::vector<aws::Field> rest = {{"InferenceExecutionConfig", ignored, "there is one container"},
                                        {"ExecutionRoleArn", done, "checked and kept"},
                                        {"Tags", done},
                                        {"VpcConfig", ignored, "models run in the network of this machine"},
                                        {"EnableNetworkIsolation", ignored}};
  fields.insert(fields.end(), rest.begin(), rest.end());
  return fields;
}

}  // namespace

VariantSpec variant_of_model(const Control& control, const Caller& caller, const std::string& name) {
  const Record model = find_or_fail(control.records, caller, kModel, name);
  const Json& container = kept_container(model);
  const std::string image = image_of_model(model);
  VariantSpec variant{.model = name,
                      .model_uri = model_data_of(container),
                      .image = resolve_image(image),
                      .environment = container.value("Environment", std::map<std::string, std::string>()),
                      .multi_model = container.value("Mode", "") == "MultiModel"};
  // As who names this algorithm expects it (docs/serving.md), unless the model says otherwise.
  if (is_image_classification(image)) variant.environment.emplace("GRAFT_ANSWERS", "probabilities");
  return variant;
}

std::string image_of_model(const Record& model) {
  return kept_container(model).at("Image");
}

std::vector<aws::Operation> model_operations(const Control& control) {
  return {{"CreateModel", create_model_fields(), bound(control, create_model)},
          {"DescribeModel", {{"ModelName", aws::Support::done}}, bound(control, describe_model)},
          {"ListModels", list_fields(false), bound(control, list_models)},
          {"DeleteModel", {{"ModelName", aws::Support::done}}, bound(control, delete_model)}};
}

}  // namespace graft
