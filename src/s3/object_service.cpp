#include "s3/object_service.h"

#include <openssl/rand.h>

#include <array>

#include "base/log.h"
#include "s3/cross_origin.h"
#include "s3/errors.h"
#include "s3/operations.h"
#include "s3/verbs.h"

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

}  // namespace

ObjectService::ObjectService(const ObjectServiceOptions& options) : state_(std::make_unique<State>(options)) {}

ObjectService::~ObjectService() = default;

ObjectService::Done ObjectService::serve(SignedExchange& exchange) {
  const std::string id = request_id();
  Done done;
  Response response;
  s3::Address address = s3::address_of(exchange.request(), state_->options.domain);
  s3::Call call{state_->store, exchange, std::move(address.bucket), std::move(address.key), state_->options.identity};
  try {
    done.resource = call.key.empty() ? call.bucket : call.bucket + "/" + call.key;
    const s3::Operation& operation = s3::find_operation(call);
    done.operation = operation.name;
    response = operation.run(call);
  } catch (const std::exception& error) {
    const s3::WireError wire = s3::wire_error(error);
    done.code = wire.code;
    response = s3::error_answer(wire, exchange.request(), id);
  }
  done.caller = call.signer.value_or(exchange.caller());
  done.status = response.status;
  response.headers.emplace_back("x-amz-request-id", id);
  exchange.answer(std::move(response));
  return done;
}

std::shared_ptr<Exchange> ObjectService::across_origins(std::shared_ptr<Exchange> exchange) {
  return s3::across_origins(state_->store, state_->options.domain, std::move(exchange));
}

}  // namespace graft
