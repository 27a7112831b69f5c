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

// A row of CSV is a list of its cells.
Json value_of(const TransformFilter& filter, std::string_view record, const std::string& name) {
  require(record.size() <= kMostRecord, name, " has more than ", kMostRecord >> 20, " MiB, which is not filtered");
  if (!filter.csv) return parse_json(record, name);
  try {
    return csv_cells(record);
  } catch (const Error& error) {
    fail(error.kind(), name, ": ", error.what());
  }
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

std::vector<std::string_view> transform_records(std::string_view content, bool by_line) {
  return by_line ? lines_of(content) : std::vector{content};
}

std::string sent_of(const TransformFilter& filter, const std::vector<std::string_view>& records) {
  std::string sent;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const std::string name = text("record ", i + 1);
    const std::string line = printed(filter, select(filter.input, value_of(filter, records[i], name)));
    require(!line.empty(), name, ": the InputFilter leaves nothing of it");
    sent += line + '\n';
  }
  return sent;
}

std::vector<std::string_view> answers_in(const TransformFilter& filter, std::string_view answer, std::size_t count) {
  const bool whole = count == 1 && !filter.csv;
  std::vector<std::string_view> answers = transform_records(answer, !whole);
  require(answers.size() == count, "the model gave ", answers.size(), " answers to ", count,
          " lines: the BatchStrategy SingleRecord sends one at a time");
  return answers;
}

std::string written_of(const TransformFilter& filter, std::string_view record, std::string_view answer) {
  const Json said = value_of(filter, answer, "the model's answer");
  if (!filter.join) return printed(filter, select(filter.output, said));
  Json joined = value_of(filter, record, "a record");
  if (filter.csv) {
    joined.insert(joined.end(), said.begin(), said.end());
  } else {
    if (!joined.is_object()) joined = Json{{"SageMakerInput", std::move(joined)}};
    joined["SageMakerOutput"] = said;
  }
  return printed(filter, select(filter.output, joined));
}

}  // namespace graft
