#include "serve/model_service.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "serve/serve_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;

class ModelServiceTest : public testing::Test {
 protected:
  void start(ModelServiceOptions options = {}) {
    write_bundle(folder_.path() / "pets", colours());
    if (options.models.root.empty() && !options.backbone) options.bundle = folder_.path() / "pets";
    service_ = std::make_unique<ModelService>(options);
    service_->load();
  }
  std::future<Response> begin(Request request) {
    auto promise = std::make_shared<std::promise<Response>>();
    service_->handle(std::move(request), [promise](Response response) { promise->set_value(std::move(response)); });
    return promise->get_future();
  }
  Response get(const std::string& path, const std::string& method = "GET") {
    return begin({.method = method, .path = path}).get();
  }
  Response post(const std::string& path, Bytes body, Headers headers = {}) {
    return begin({.method = "POST", .path = path, .headers = std::move(headers), .body = std::move(body)}).get();
  }
  Response post(const std::string& path, std::string_view body, Headers headers = {}) {
    const ByteView bytes = as_bytes(body);
    return post(path, Bytes(bytes.begin(), bytes.end()), std::move(headers));
  }
  TemporaryFolder folder_;
  std::unique_ptr<ModelService> service_;
};

const Bytes kBlue = painted(0, 0, 255);
const Headers kPng{{"Content-Type", "image/png"}};

TEST_F(ModelServiceTest, IsReadyWhenItsModelIsLoaded) {
  write_bundle(folder_.path() / "pets", colours());
  service_ = std::make_unique<ModelService>(ModelServiceOptions{.bundle = folder_.path() / "pets"});
  EXPECT_EQ(get("/ping").status, 503);
  EXPECT_EQ(post("/invocations", kBlue, kPng).status, 503);
  service_->load();
  EXPECT_EQ(get("/ping").status, 200);
  EXPECT_EQ(post("/invocations", kBlue, kPng).status, 200);
}

TEST_F(ModelServiceTest, APictureIsAnsweredWithItsLabels) {
  start();
  const Response response = post("/invocations", kBlue, kPng);
  const Json json = Json::parse(response.body);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(json.at("model"), "pets");
  EXPECT_EQ(json.at("predictions").at(0).at("label"), "blue");
  EXPECT_NEAR(json.at("predictions").at(0).at("probability"), 1 / (1 + 2 * std::exp(-8)), 1e-5);
}

TEST_F(ModelServiceTest, WhatIsWrongIsSaidInOneSentenceWithItsStatus) {
  start();
  EXPECT_EQ(post("/invocations", kBlue, {{"Content-Type", "image/tiff"}}).status, 415);
  EXPECT_EQ(post("/invocations", kBlue, {{"Content-Type", "image/png"}, {"Accept", "text/html"}}).status, 406);
  const Response damaged = post("/invocations", "no picture", kPng);
  EXPECT_EQ(damaged.status, 400);
  EXPECT_FALSE(Json::parse(damaged.body).at("error").get<std::string>().empty());
  EXPECT_EQ(post("/invocations", "{", {{"Content-Type", "application/json"}}).status, 400);
  EXPECT_EQ(get("/nothing").status, 404);
  EXPECT_EQ(get("/invocations").status, 405);
  EXPECT_THAT(get("/models/pets", "PATCH").headers,
              testing::Contains(Headers::value_type{"Allow", "GET, POST, DELETE"}));
}

TEST_F(ModelServiceTest, ALoopbackUrlIsNotFetchedUnlessAllowed) {
  start();
  const Response response = post("/invocations", "http://127.0.0.1:1/x.jpg\n", {{"Content-Type", "text/plain"}});
  EXPECT_EQ(response.status, 403);
}

TEST_F(ModelServiceTest, AmongManyPicturesOneThatIsDamagedIsItsEntrysError) {
  start();
  const Response response = post("/invocations", R"({"instances": [{"b64": "AAAA"}, {"url": "http://127.0.0.1:1/x"}]})",
                                 {{"Content-Type", "application/json"}});
  EXPECT_EQ(response.status, 200);
  const Json predictions = Json::parse(response.body).at("predictions");
  ASSERT_EQ(predictions.size(), 2u);
  EXPECT_TRUE(predictions[0].contains("error"));
  EXPECT_TRUE(predictions[1].contains("error"));
}

TEST_F(ModelServiceTest, WhenItIsFullItSaysSoAtOnce) {
  ModelServiceOptions options;
  options.invocations.most_pictures = 2;
  options.models.trunk.delay = std::chrono::seconds(1);
  options.models.trunk.most_pictures = 8;
  start(options);
  const auto first = [&] { return begin({.method = "POST", .path = "/invocations", .headers = kPng, .body = kBlue}); };
  std::future<Response> a = first(), b = first();
  const Response refused = first().get();
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.headers, testing::Contains(Headers::value_type{"Retry-After", "1"}));
  EXPECT_THAT(get("/metrics").body, HasSubstr("graft_queue_pictures 2"));
  EXPECT_EQ(a.get().status, 200);
  EXPECT_EQ(b.get().status, 200);
}

TEST_F(ModelServiceTest, ClientsLoadListInvokeAndUnloadModels) {
  ModelServiceOptions options;
  options.models.root = folder_.path();
  start(options);
  const std::string body = Json({{"model_name", "m1"}, {"url", (folder_.path() / "pets").string()}}).dump();
  EXPECT_EQ(get("/ping").status, 200);
  EXPECT_EQ(post("/models/m1/invoke", kBlue, kPng).status, 404);
  EXPECT_EQ(post("/models", body).status, 200);
  EXPECT_EQ(post("/models", body).status, 409);
  EXPECT_EQ(post("/models", "{}").status, 400);
  EXPECT_EQ(Json::parse(get("/models").body).at("models").at(0).at("modelName"), "m1");
  EXPECT_EQ(Json::parse(get("/models/m1").body).at("modelUrl"), (folder_.path() / "pets").string());
  EXPECT_EQ(post("/models/m1/invoke", kBlue, kPng).status, 200);
  EXPECT_EQ(post("/invocations", kBlue, {kPng[0], {"X-Amzn-SageMaker-Target-Model", "m1"}}).status, 200);
  EXPECT_EQ(post("/invocations", kBlue, kPng).status, 404);
  EXPECT_EQ(post("/models/m1", "").status, 200);  // read anew
  EXPECT_EQ(get("/models/m1", "DELETE").status, 200);
  EXPECT_EQ(get("/models/m1", "DELETE").status, 404);
}

TEST_F(ModelServiceTest, AListOfManyModelsHasPages) {
  ModelServiceOptions options;
  std::filesystem::create_directories(folder_.path() / "heads");
  const Head head = head_of(colours());
  for (int i = 0; i < 150; ++i)
    write_head(folder_.path() / "heads" / (std::to_string(1000 + i) + ".safetensors"), head);
  options.backbone = folder_.path() / "pets";
  options.heads = folder_.path() / "heads";
  start(options);
  const Json first = Json::parse(get("/models").body);
  EXPECT_EQ(first.at("models").size(), 100u);
  const Json second =
      Json::parse(begin({.method = "GET", .path = "/models", .query = {{"next_page_token", first.at("nextPageToken")}}})
                      .get()
                      .body);
  EXPECT_EQ(second.at("models").size(), 50u);
  EXPECT_EQ(second.at("models")[0].at("modelName"), "1100");
  EXPECT_FALSE(second.contains("nextPageToken"));
  EXPECT_EQ(post("/models/1077/invoke", kBlue, kPng).status, 200);
}

TEST_F(ModelServiceTest, CountsWhatItDoes) {
  start();
  post("/invocations", kBlue, kPng);
  get("/nothing");
  const std::string text = get("/metrics").body;
  EXPECT_THAT(text, HasSubstr(R"(graft_requests_total{route="/invocations",status="200"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_requests_total{route="other",status="404"} 1)"));
  EXPECT_THAT(text, HasSubstr("graft_seconds_count{phase=\"all\"} 1"));
  EXPECT_THAT(text, HasSubstr("graft_models 1"));
}

TEST_F(ModelServiceTest, SaysHowATransformJobShouldAsk) {
  start();
  const Json json = Json::parse(get("/execution-parameters").body);
  EXPECT_LE(json.at("MaxConcurrentTransforms").get<int>() * json.at("MaxPayloadInMB").get<int>(), 100);
}

TEST_F(ModelServiceTest, ThePageNeedsNothingButTheServer) {
  start();
  const Response page = get("/");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("</html>"));
  for (const char* outside : {"src=\"http", "href=\"http", "//cdn", "@import"}) {
    EXPECT_EQ(page.body.find(outside), std::string::npos) << outside;
  }
}

}  // namespace
}  // namespace graft
