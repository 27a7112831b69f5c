#include "control/transform_filter.h"

#include "aws/check.h"
#include "base/error.h"
#include "base/json.h"
#include "control/csv_row.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr const char* kProcessing = "DataProcessing";
constexpr const char* kCsv = "text/csv";

JsonPath path_of(const Json& processing, const char* name) {
  const std::string path = aws::text_if(processing, name, {.most = 63}, kProcessing).value_or("$");
  try {
    return parse_json_path(path);
  } catch (const Error& error) {
    throw validation_error(text("The ", name, ": ", error.what()));
  }
}

// With at least one character that shows, and without their ends.
std::vector<std::string_view> lines_of(std::string_view content) {
  std::vector<std::string_view> lines;
  while (!content.empty()) {
    const std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(content.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    lines.push_back(line.substr(0, line.find_last_not_of('\r') + 1));
  }
  return lines;
}

std::vector<Json> records_in(const TransformFilter& filter, std::string_view content, const char* what) {
  std::vector<Json> records;
  for (const std::string_view line : lines_of(content)) {
    const std::string name = text(what, " ", records.size() + 1);
    try {
      records.push_back(filter.csv ? Json(csv_cells(line)) : parse_json(line, name));
    } catch (const Error& error) {
      if (!filter.csv) throw;
      fail(error.kind(), name, ": ", error.what());
    }
  }
  return records;
}

std::string printed(const TransformFilter& filter, const Json& json) {
  // One cell, or a list of some.
  if (filter.csv) return json.is_string() ? json.get<std::string>() : csv_row(json.get<std::vector<std::string>>());
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void check_columns(const JsonPath& path, const char* name) {
  const bool columns = path.empty() || (path.size() == 1 && path[0].kind != JsonStep::Kind::names);
  if (columns) return;
  throw validation_error(text("The ", name, ": of text/csv a path selects columns, as $[0], $[1:] and $[0,2] do"));
}

void check_csv(const Json& request, const TransformFilter& filter) {
  check_columns(filter.input, "InputFilter");
  check_columns(filter.output, "OutputFilter");
  const Json& output = request.at("TransformOutput");
  if (request.at("TransformInput").value("SplitType", "None") != "Line" ||
      output.value("AssembleWith", "None") != "Line" || output.value("Accept", "") != kCsv) {
    throw validation_error(
        "DataProcessing of text/csv is row by row: the SplitType and AssembleWith must be Line, and Accept text/csv");
  }
}

}  // namespace

std::optional<TransformFilter> transform_filter(const Json& request) {
  const Json& processing = aws::object_of(request, kProcessing);
  const auto source = aws::text_if(processing, "JoinSource", {.one_of = {"None", "Input"}}, kProcessing);
  TransformFilter filter{.input = path_of(processing, "InputFilter"),
                         .output = path_of(processing, "OutputFilter"),
                         .join = source == "Input"};
  if (filter.input.empty() && filter.output.empty() && !filter.join) return {};
  const std::string type = request.at("TransformInput").value("ContentType", "");
  filter.csv = type == kCsv;
  if (filter.csv) {
    check_csv(request, filter);
  } else if (type != "application/json" && type != "application/jsonlines") {
    throw validation_error(
        text("graft filters and joins JSON and CSV: with DataProcessing the ContentType must be text/csv, "
             "application/jsonlines or application/json, and not \"",
             type, "\""));
  }
  return filter;
}

std::vector<Json> transform_records(const TransformFilter& filter, std::string_view content, bool by_line) {
  if (by_line) return records_in(filter, content, "line");
  return {parse_json(content, "the object")};
}

std::string sent_of(const TransformFilter& filter, const std::vector<Json>& records) {
  std::string sent;
  for (const Json& record : records) {
    const std::string line = printed(filter, select(filter.input, record));
    require(!line.empty(), "the InputFilter leaves nothing of a row");
    sent += line + '\n';
  }
  return sent;
}

std::vector<Json> answers_in(const TransformFilter& filter, std::string_view answer, std::size_t count) {
  if (count == 1 && !filter.csv) return {parse_json(answer, "the model's answer")};
  std::vector<Json> answers = records_in(filter, answer, "the model's answer");
  require(answers.size() == count, "the model gave ", answers.size(), " answers to ", count,
          " lines: the BatchStrategy SingleRecord sends one at a time");
  return answers;
}

std::string written_of(const TransformFilter& filter, const Json& record, const Json& answer) {
  if (!filter.join) return printed(filter, select(filter.output, answer));
  Json joined = record;
  if (filter.csv) {
    joined.insert(joined.end(), answer.begin(), answer.end());
  } else {
    if (!record.is_object()) joined = Json{{"SageMakerInput", record}};
    joined["SageMakerOutput"] = answer;
  }
  return printed(filter, select(filter.output, joined));
}

}  // namespace graft
