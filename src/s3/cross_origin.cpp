#include "s3/cross_origin.h"

#include "s3/buckets.h"
#include "s3/call.h"
#include "s3/cors.h"
#include "s3/errors.h"
#include "s3/verbs.h"

namespace graft::s3 {
namespace {

std::vector<CorsRule> rules_of(Store& store, const std::string& domain, const Request& request) {
  const auto bucket = find_bucket(store, address_of(request, domain).bucket);
  if (!bucket) return {};
  const auto setting = find_setting(store, bucket->id, kCorsSetting);
  return setting ? parse_cors(*setting) : std::vector<CorsRule>();
}

Response answer_preflight(Store& store, const std::string& domain, const Request& request) {
  const CorsQuestion question = preflight_question(request);
  const std::vector<CorsRule> rules = rules_of(store, domain, request);
  demand(!rules.empty(), Code::access_forbidden, "CORSResponse: CORS is not enabled for this bucket.");
  const CorsRule* rule = find_rule(rules, question);
  demand(rule, Code::access_forbidden,
         "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
         "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
         "resource's CORS spec.");
  return {.headers = cors_headers(*rule, question)};
}

class Marked : public Exchange {
 public:
  Marked(std::shared_ptr<Exchange> exchange, Headers headers)
      : exchange_(std::move(exchange)), headers_(std::move(headers)) {}

  const Request& request() const override { return exchange_->request(); }
  std::optional<std::uint64_t> length() const override { return exchange_->length(); }
  std::size_t read(std::span<std::byte> room) override { return exchange_->read(room); }
  void answer(Response response) override {
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
    exchange_->answer(std::move(response));
  }

 private:
  std::shared_ptr<Exchange> exchange_;
  const Headers headers_;
};

}  // namespace

std::shared_ptr<Exchange> across_origins(Store& store, const std::string& domain, std::shared_ptr<Exchange> exchange) {
  const Request& request = exchange->request();
  if (request.method == "OPTIONS") {
    try {
      exchange->answer(answer_preflight(store, domain, request));
    } catch (const std::exception& error) {
      exchange->answer(error_answer(wire_error(error), request));
    }
    return nullptr;
  }
  const auto origin = find_header(request.headers, "origin");
  if (!origin) return exchange;
  const CorsQuestion question{.origin = std::string(*origin), .method = request.method};
  const std::vector<CorsRule> rules = rules_of(store, domain, request);
  const CorsRule* rule = find_rule(rules, question);
  return rule ? std::make_shared<Marked>(std::move(exchange), cors_headers(*rule, question)) : exchange;
}

}  // namespace graft::s3
