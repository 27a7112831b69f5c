#include "control/transform_filter.h"

#include "aws/check.h"
#include "base/error.h"
#include "base/json.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr const char* kProcessing = "DataProcessing";

JsonPath path_of(const Json& processing, const char* name) {
  const std::string path = aws::text_if(processing, name, {.most = 63}, kProcessing).value_or("$");
  try {
    return parse_json_path(path);
  } catch (const Error& error) {
    throw validation_error(text("The ", name, ": ", error.what()));
  }
}

std::vector<Json> lines_of(std::string_view content, const char* what) {
  std::vector<Json> lines;
  while (!content.empty()) {
    const std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(content.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) {
      lines.push_back(parse_json(line, text(what, " ", lines.size() + 1)));
    }
  }
  return lines;
}

std::string printed(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::optional<TransformFilter> transform_filter(const Json& request) {
  const Json& processing = aws::object_of(request, kProcessing);
  const auto source = aws::text_if(processing, "JoinSource", {.one_of = {"None", "Input"}}, kProcessing);
  const TransformFilter filter{.input = path_of(processing, "InputFilter"),
                               .output = path_of(processing, "OutputFilter"),
                               .join = source == "Input"};
  if (filter.input.empty() && filter.output.empty() && !filter.join) return {};
  const std::string type = request.at("TransformInput").value("ContentType", "");
  if (type != "application/json" && type != "application/jsonlines") {
    throw validation_error(
        text("graft filters and joins JSON: with DataProcessing the ContentType must be "
             "application/jsonlines or application/json, and not \"",
             type, "\""));
  }
  return filter;
}

std::vector<Json> transform_records(std::string_view content, bool by_line) {
  if (by_line) return lines_of(content, "line");
  return {parse_json(content, "the object")};
}

std::string sent_of(const TransformFilter& filter, const std::vector<Json>& records) {
  std::string sent;
  for (const Json& record : records) sent += printed(select(filter.input, record)) + '\n';
  return sent;
}

std::vector<Json> answers_in(std::string_view answer, std::size_t count) {
  if (count == 1) return {parse_json(answer, "the model's answer")};
  std::vector<Json> answers = lines_of(answer, "the model's answer");
  require(answers.size() == count, "the model gave ", answers.size(), " answers to ", count,
          " lines: the BatchStrategy SingleRecord sends one at a time");
  return answers;
}

std::string written_of(const TransformFilter& filter, const Json& record, const Json& answer) {
  if (!filter.join) return printed(select(filter.output, answer));
  Json joined = record.is_object() ? record : Json{{"SageMakerInput", record}};
  joined["SageMakerOutput"] = answer;
  return printed(select(filter.output, joined));
}

}  // namespace graft
