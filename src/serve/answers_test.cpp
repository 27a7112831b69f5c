#include "serve/answers.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

const std::vector<std::string> kLabels{"cat", "a \"dog\"", "owl", "e", "f", "g"};
const std::vector<Answered> kOne{{.probabilities = {0.25f, 0.5f, 0.125f, 0.0625f, 0.0625f, 0}}};
const std::vector<Answered> kTwo{{.name = "x.jpg", .probabilities = {1, 0, 0, 0, 0, 0}}, {.problem = "damaged"}};

std::string body(Form form, std::span<const Answered> answered) {
  return answer_in({form, "application/json"}, answered, {.model = "pets", .labels = kLabels, .milliseconds = 3}).body;
}

TEST(Answers, LabelsComeWithTheLikeliestAndTheModel) {
  const Json json = Json::parse(body(Form::labels, kOne));
  const Json& prediction = json.at("predictions").at(0);
  EXPECT_EQ(prediction.at("label"), "a \"dog\"");
  EXPECT_EQ(prediction.at("probability"), 0.5);
  ASSERT_EQ(prediction.at("top").size(), 5u);
  EXPECT_EQ(prediction.at("top")[1], Json({{"label", "cat"}, {"probability", 0.25}}));
  EXPECT_EQ(prediction.at("top")[3].at("label"), "e");  // of equal ones the first
  EXPECT_EQ(json.at("model"), "pets");
  EXPECT_EQ(json.at("time_ms"), 3);
}

TEST(Answers, OneDamagedPictureAmongManyIsAnErrorOfItsEntry) {
  const Json json = Json::parse(body(Form::labels, kTwo));
  EXPECT_EQ(json.at("predictions")[0].at("name"), "x.jpg");
  EXPECT_EQ(json.at("predictions")[0].at("label"), "cat");
  EXPECT_EQ(json.at("predictions")[1], Json({{"error", "damaged"}}));
  EXPECT_EQ(body(Form::lines, kTwo), "{\"prediction\": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]}\n{\"error\": \"damaged\"}\n");
  EXPECT_THROW(body(Form::probabilities, kTwo), Error);
}

TEST(Answers, BareProbabilitiesAreAListForOnePictureAndAListOfListsForMany) {
  EXPECT_EQ(body(Form::probabilities, kOne), "[0.25, 0.5, 0.125, 0.0625, 0.0625, 0.0]");
  const std::vector<Answered> two{{.probabilities = {0.1f, 0.9f}}, {.probabilities = {1, 1e-9f}}};
  EXPECT_EQ(body(Form::probabilities, two), "[[0.1, 0.9], [1.0, 1e-09]]");
}

TEST(Answers, LinesMayCarryTheLabelToo) {
  const Json json = Json::parse(body(Form::labelled_lines, kOne));
  EXPECT_EQ(json.at("prediction").size(), 6u);
  EXPECT_EQ(json.at("label"), "a \"dog\"");
  EXPECT_EQ(json.at("probability"), 0.5);
}

TEST(Answers, TheExamplesFormIsTheFiveLikeliestAsWords) {
  EXPECT_EQ(body(Form::example, kOne),
            R"({"a \"dog\"": "0.5", "cat": "0.25", "owl": "0.125", "e": "0.0625", "f": "0.0625"})");
}

TEST(Answers, ALabelThatIsNotUtf8IsStillAnsweredInJson) {
  const std::vector<std::string> labels{"caf\xe9"};
  const std::vector<Answered> one{{.probabilities = {1}}};
  const Response response = answer_in({Form::labels, ""}, one, {.model = "m", .labels = labels});
  EXPECT_EQ(Json::parse(response.body).at("predictions").size(), 1u);
}

struct Choice {
  const char* content_type;
  const char* accept;  // null: no header
  Form usual;
  AnswerType expected;
};

TEST(Answers, AreChosenByWhatIsSentAndAccepted) {
  constexpr Form kLabelled = Form::labels, kBare = Form::probabilities;
  const Choice choices[] = {
      {"image/jpeg", nullptr, kLabelled, {Form::labels, "application/json"}},
      {"application/x-image", "*/*", kLabelled, {Form::labels, "application/json"}},
      {"application/x-image", "application/json", kLabelled, {Form::labels, "application/json"}},
      {"application/x-image", "application/json", kBare, {Form::probabilities, "application/json"}},
      {"image/png", nullptr, kBare, {Form::probabilities, "application/json"}},
      {"image/png", "application/jsonlines", kBare, {Form::lines, "application/jsonlines"}},
      {"image/png", "application/jsonlines", kLabelled, {Form::labelled_lines, "application/jsonlines"}},
      {"image/png", "application/vnd.graft+json", kBare, {Form::labels, "application/vnd.graft+json"}},
      {"image/png", "text/html, application/*;q=0.8", kLabelled, {Form::labels, "application/json"}},
      {"image/png", "application/json;q=0.1, application/jsonlines", kBare, {Form::lines, "application/jsonlines"}},
      {"application/jsonlines", nullptr, kLabelled, {Form::labelled_lines, "application/jsonlines"}},
      {"application/jsonlines", "application/json", kLabelled, {Form::labels, "application/json"}},
      {"text/plain", nullptr, kLabelled, {Form::example, "application/json"}},
      {"text/plain; charset=utf-8", "*/*", kBare, {Form::example, "application/json"}},
      {"text/plain", "text/csv", kLabelled, {Form::example, "text/csv"}},
  };
  for (const Choice& choice : choices) {
    const auto accept = choice.accept ? std::optional<std::string_view>(choice.accept) : std::nullopt;
    EXPECT_EQ(choose_answer(choice.content_type, accept, choice.usual), choice.expected)
        << choice.content_type << " " << (choice.accept ? choice.accept : "-");
  }
}

TEST(Answers, AnUnknownTypeIsRefusedWithTheOnesThereAre) {
  try {
    choose_answer("image/png", "application/x-npy", Form::labels);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), kNotAcceptable);
    EXPECT_NE(std::string(error.what()).find("application/jsonlines"), std::string::npos);
  }
}

}  // namespace
}  // namespace graft
