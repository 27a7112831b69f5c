#include "s3/object_service.h"

#include <openssl/rand.h>

#include <array>

#include "base/log.h"
#include "s3/errors.h"
#include "s3/operations.h"
#include "s3/xml.h"

namespace graft {

struct ObjectService::State {
  ObjectServiceOptions options;
  s3::Store store;

  explicit State(const ObjectServiceOptions& given) : options(given), store(given.folder) {}
};

namespace {

std::string request_id() {
  std::array<unsigned char, 8> random{};
  ::RAND_bytes(random.data(), static_cast<int>(random.size()));
  std::string id = s3::to_hex(as_text(std::as_bytes(std::span(random))));
  for (char& c : id) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  return id;
}

Response error_answer(const s3::WireError& error, const Request& request, const std::string& id) {
  Response response{.status = error.status};
  // A client reads neither of these further than to its status.
  if (request.method == "HEAD" || error.status == 304) return response;
  s3::Xml xml("Error", "");
  xml.add("Code", error.code);
  xml.add("Message", error.message);
  xml.add("Resource", request.path);
  xml.add("RequestId", id);
  response.content_type = "application/xml";
  response.body = xml.finish();
  return response;
}

}  // namespace

ObjectService::ObjectService(const ObjectServiceOptions& options) : state_(std::make_unique<State>(options)) {}

ObjectService::~ObjectService() = default;

ObjectService::Done ObjectService::serve(SignedExchange& exchange) {
  const std::string id = request_id();
  Done done;
  Response response;
  try {
    s3::Address address = s3::address_of(exchange.request(), state_->options.domain);
    s3::Call call{state_->store, exchange, std::move(address.bucket), std::move(address.key), state_->options.identity};
    done.resource = call.key.empty() ? call.bucket : call.bucket + "/" + call.key;
    const s3::Operation& operation = s3::find_operation(call);
    done.operation = operation.name;
    response = operation.run(call);
  } catch (const std::exception& error) {
    const s3::WireError wire = s3::wire_error(error);
    done.code = wire.code;
    response = error_answer(wire, exchange.request(), id);
  }
  done.status = response.status;
  response.headers.emplace_back("x-amz-request-id", id);
  exchange.answer(std::move(response));
  return done;
}

}  // namespace graft
