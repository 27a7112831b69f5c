// How a request is answered: the forms that its clients know, chosen by what they send and accept. docs/serving.md has
// the table.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace graft {

enum class Form {
  labels,          // {"predictions": [{"label": ..., "probability": ..., "top": [...]}], "model": ..., "time_ms": ...}
  probabilities,   // [0.1, 0.9] for one picture, [[0.1, 0.9], ...] for many: the built-in image-classification
                   // algorithm's
  lines,           // {"prediction": [0.1, 0.9]} a line and picture: the same algorithm's
  labelled_lines,  // the same with "label" and "probability" in each line
  example,         // {"roses": "0.98", ...}, the five likeliest of one picture: the well-known example's
};

struct AnswerType {
  Form form = Form::labels;
  std::string media_type{};
  bool operator==(const AnswerType&) const = default;
};

// The type of the answer to a body of `content_type` for who accepts `accept` (nothing where there is no such header).
// `usual` is what application/json and no preference mean: labels or probabilities. Throws with the code
// kNotAcceptable where none is accepted.
AnswerType choose_answer(std::string_view content_type, std::optional<std::string_view> accept, Form usual);
constexpr char kNotAcceptable[] = "NotAcceptable";

// One picture's answer.
struct Answered {
  std::string name{};                  // its file's, where the request says it
  std::vector<float> probabilities{};  // empty where there is a problem
  std::string problem{};
};

struct AnswerContext {
  std::string_view model;
  std::span<const std::string> labels;
  int top = 5;
  double milliseconds = 0;
};

// Throws Kind::invalid where the form has no place for a picture's problem.
Response answer_in(const AnswerType& type, std::span<const Answered> answered, const AnswerContext& context);

}  // namespace graft
