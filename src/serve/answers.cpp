#include "serve/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "http/media_type.h"

namespace graft {
namespace {

constexpr char kJson[] = "application/json", kLines[] = "application/jsonlines", kCsv[] = "text/csv",
               kLabelsJson[] = "application/vnd.graft+json";
constexpr int kExampleTop = 5;

// The shortest decimal that is this float, always as one: a client that sees 1 takes it for a whole number.
void add_number(std::string& out, float value) {
  const std::size_t begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_of(".en", begin) == std::string::npos) out += ".0";
}

std::string json_text(std::string_view words) {
  return Json(words).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void add_numbers(std::string& out, std::span<const float> values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ", ";
    add_number(out, values[i]);
  }
  out += ']';
}

// The indices of the `top` largest, the largest first.
std::vector<std::size_t> likeliest(std::span<const float> probabilities, int top) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t count = std::min(order.size(), static_cast<std::size_t>(top));
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
                    });
  order.resize(count);
  return order;
}

void add_label(std::string& out, std::span<const std::string> labels, std::span<const float> probabilities,
               std::size_t label) {
  fmt::format_to(std::back_inserter(out), R"("label": {}, "probability": )", json_text(labels[label]));
  add_number(out, probabilities[label]);
}

void add_prediction(std::string& out, const Answered& answered, const AnswerContext& context) {
  out += '{';
  if (!answered.name.empty()) fmt::format_to(std::back_inserter(out), R"("name": {}, )", json_text(answered.name));
  if (!answered.problem.empty()) {
    fmt::format_to(std::back_inserter(out), R"("error": {}}})", json_text(answered.problem));
    return;
  }
  const std::vector<std::size_t> top = likeliest(answered.probabilities, context.top);
  add_label(out, context.labels, answered.probabilities, top.front());
  out += R"(, "top": [)";
  for (std::size_t i = 0; i < top.size(); ++i) {
    out += i > 0 ? ", {" : "{";
    add_label(out, context.labels, answered.probabilities, top[i]);
    out += '}';
  }
  out += "]}";
}

std::string as_labels(std::span<const Answered> answered, const AnswerContext& context) {
  std::string out = R"({"predictions": [)";
  for (std::size_t i = 0; i < answered.size(); ++i) {
    if (i > 0) out += ", ";
    add_prediction(out, answered[i], context);
  }
  return out + fmt::format(R"(], "model": {}, "time_ms": {:.2f}}})", json_text(context.model), context.milliseconds);
}

std::string as_probabilities(std::span<const Answered> answered) {
  std::string out = answered.size() == 1 ? "" : "[";
  for (std::size_t i = 0; i < answered.size(); ++i) {
    require(answered[i].problem.empty(), "picture ", i + 1, " of ", answered.size(), ": ", answered[i].problem,
            "; answers of another form than bare probabilities name each picture's problem and answer the others");
    if (i > 0) out += ", ";
    add_numbers(out, answered[i].probabilities);
  }
  return answered.size() == 1 ? out : out + "]";
}

std::string as_lines(std::span<const Answered> answered, const AnswerContext& context, bool labelled) {
  std::string out;
  for (const Answered& each : answered) {
    if (!each.problem.empty()) {
      out += fmt::format("{{\"error\": {}}}\n", json_text(each.problem));
      continue;
    }
    out += R"({"prediction": )";
    add_numbers(out, each.probabilities);
    if (labelled) {
      out += ", ";
      add_label(out, context.labels, each.probabilities, likeliest(each.probabilities, 1).front());
    }
    out += "}\n";
  }
  return out;
}

std::string as_example(const Answered& answered, const AnswerContext& context) {
  std::string out = "{";
  for (const std::size_t label : likeliest(answered.probabilities, kExampleTop)) {
    fmt::format_to(std::back_inserter(out), R"({}{}: "{}")", out.size() > 1 ? ", " : "",
                   json_text(context.labels[label]), answered.probabilities[label]);
  }
  return out + "}";
}

std::vector<AnswerType> offered_for(std::string_view content_type, Form usual) {
  const AnswerType lines{usual == Form::labels ? Form::labelled_lines : Form::lines, kLines};
  const AnswerType labels{Form::labels, kLabelsJson};
  const MediaType type = parse_media_type(content_type).value_or(MediaType{});
  if (type.name == "text/plain") return {{Form::example, kJson}, {Form::example, kCsv}, lines, labels};
  if (type.name == kLines) return {lines, {usual, kJson}, labels};
  return {{usual, kJson}, lines, labels};
}

}  // namespace

AnswerType choose_answer(std::string_view content_type, std::optional<std::string_view> accept, Form usual) {
  const std::vector<AnswerType> offered = offered_for(content_type, usual);
  std::vector<std::string_view> names;
  for (const AnswerType& type : offered) names.push_back(type.media_type);
  const std::optional<std::size_t> chosen = accept ? choose_type(*accept, names) : 0;
  if (chosen) return offered[*chosen];
  throw Error(Kind::invalid, kNotAcceptable,
              text("there is no answer of the type ", accept->substr(0, 80), "; accept one of ", join(names, ", ")));
}

Response answer_in(const AnswerType& type, std::span<const Answered> answered, const AnswerContext& context) {
  Response response{.status = 200, .content_type = type.media_type};
  switch (type.form) {
    case Form::labels:
      response.body = as_labels(answered, context) + "\n";
      break;
    case Form::probabilities:
      response.body = as_probabilities(answered);
      break;
    case Form::lines:
    case Form::labelled_lines:
      response.body = as_lines(answered, context, type.form == Form::labelled_lines);
      break;
    case Form::example:
      response.body = as_example(answered.front(), context);
      break;
  }
  return response;
}

}  // namespace graft
