#include "control/resource.h"

#include "base/json.h"
#include "control/fields.h"
#include "control/tags.h"

namespace graft {
namespace {

// As the errors name it.
std::string_view words_of(std::string_view kind) {
  if (kind == kEndpointConfig) return "endpoint configuration";
  if (kind == kTrainingJob) return "training job";
  if (kind == kTransformJob) return "transform job";
  if (kind == kTuningJob) return "tuning job";
  return kind;
}

std::string_view next_part(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

Json with_times(Json answer, const Record& record, const char* status) {
  answer["CreationTime"] = record.created;
  if (status) {
    answer[status] = record.status;
    answer["LastModifiedTime"] = record.modified;
  }
  return answer;
}

}  // namespace

std::string arn_of(const Caller& caller, std::string_view kind, std::string_view name) {
  return aws::arn("sagemaker", caller.region, caller.account, text(kind, '/', name));
}

std::optional<Arn> parse_arn(std::string_view arn) {
  if (next_part(arn, ':') != "arn" || !next_part(arn, ':').starts_with("aws") || next_part(arn, ':') != "sagemaker") {
    return {};
  }
  Arn parts;
  parts.region = next_part(arn, ':');
  parts.account = next_part(arn, ':');
  parts.kind = next_part(arn, '/');
  parts.name = arn;
  if (parts.kind.empty() || parts.name.empty()) return {};
  return parts;
}

Caller maker_of(const Record& record, std::string_view arn) {
  const auto parts = parse_arn(arn);
  return {.account = record.account, .region = parts ? parts->region : "us-east-1", .service = "sagemaker"};
}

Error validation_error(const std::string& sentence) {
  return {Kind::invalid, "ValidationException", sentence};
}

Error missing(const Caller& caller, std::string_view kind, std::string_view name) {
  if (kind == kTrainingJob) return validation_error("Requested resource not found.");
  if (kind == kTransformJob) return validation_error(text("Could not find requested job with name: ", name));
  if (kind == kTuningJob) {
    return {Kind::not_found, "ResourceNotFound",
            text("Amazon SageMaker can't find a tuning job with the name ", name, ".")};
  }
  return validation_error(text("Could not find ", words_of(kind), " \"", arn_of(caller, kind, name), "\"."));
}

Error there_already(const Caller& caller, std::string_view kind, std::string_view name) {
  const std::string arn = arn_of(caller, kind, name);
  if (kind == kTrainingJob) {
    return {
        Kind::conflict, "ResourceInUse",
        text("Training job names must be unique within an AWS account and region, and a training job with this name "
             "already exists (",
             arn, ")")};
  }
  if (kind == kTransformJob || kind == kTuningJob) {
    return {Kind::conflict, "ResourceInUse",
            text("Job name must be unique within an AWS account and region, and a job with this name already exists (",
                 arn, ")")};
  }
  return validation_error(text("Cannot create already existing ", words_of(kind), " \"", arn, "\"."));
}

bool has_ended(const Record& job) {
  return job.status == "Completed" || job.status == "Failed" || job.status == "Stopped";
}

void require_going_on(const Record& job) {
  if (!has_ended(job)) return;
  throw validation_error(
      text("The request was rejected because the ", words_of(job.kind), " is in status ", job.status, "."));
}

void require_ended(const Record& job) {
  if (has_ended(job)) return;
  throw Error(Kind::conflict, "ResourceInUse",
              text("The ", words_of(job.kind), " ", job.name, " is in status ", job.status,
                   ": only jobs that are Completed, Failed or Stopped can be deleted"));
}

Json list_records(const Records& records, const Caller& caller, const std::string& kind, const Json& input,
                  const std::string& name, const std::function<Json(const Record&)>& summary) {
  const RecordPage page = records.list(caller.account, kind, fields::query_of(input));
  Json answer{{name, Json::array()}};
  for (const Record& record : page.records) answer[name].push_back(summary(record));
  if (!page.token.empty()) answer["NextToken"] = page.token;
  return answer;
}

Json described(const Record& record, const char* status) {
  return with_times(record.document, record, status);
}

Json summary_of(const Record& record, std::initializer_list<const char*> fields, const char* status) {
  return with_times(fields::part_of(record.document, fields), record, status);
}

Record new_record(const Caller& caller, const char* kind, const std::string& name, const Json& request) {
  Record record{.account = caller.account,
                .kind = kind,
                .name = name,
                .created = now(),
                .document = request,
                .inner = {{"Tags", tags_of(request, kind)}}};
  record.modified = record.created;
  record.document.erase("Tags");
  return record;
}

Record find_or_fail(const Records& records, const Caller& caller, const std::string& kind, const std::string& name) {
  auto record = records.find(caller.account, kind, name);
  if (!record) throw missing(caller, kind, name);
  return std::move(*record);
}

void erase_or_fail(Records& records, const Caller& caller, const std::string& kind, const std::string& name) {
  if (!records.erase(caller.account, kind, name)) throw missing(caller, kind, name);
}

void create_or_fail(Records& records, const Caller& caller, const Record& record) {
  try {
    records.create(record);
  } catch (const Error& error) {
    if (error.kind() == Kind::conflict) throw there_already(caller, record.kind, record.name);
    throw;
  }
}

}  // namespace graft
