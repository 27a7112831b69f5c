// A pickle is read or refused; what it holds can be walked.
#include <span>

#include "base/error.h"
#include "zoo/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  try {
    const pickle::Document document = pickle::parse(std::as_bytes(std::span(data, size)), "fuzz");
    std::size_t items = 0;
    for (const pickle::Value& value : document.values) {
      if (const auto* dict = value.as<pickle::Dict>()) {
        for (const auto& [key, item] : dict->items) items += key->data.index() + item->data.index();
      }
    }
    static_cast<void>(items);
  } catch (const Error&) {
  }
  return 0;
}
