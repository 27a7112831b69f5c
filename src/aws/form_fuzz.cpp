// Any bytes as a form: an error, or fields that give the same JSON when they are written as a form again; what comes
// out can be said in XML.
#include <cstdint>
#include <cstdlib>

#include "aws/form.h"
#include "base/error.h"
#include "base/json.h"

namespace {

void flatten(graft::Json& form, const std::string& path, const graft::Json& value) {
  if (value.is_string()) {
    form[path] = value;
    return;
  }
  for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
    flatten(form, path + ".member." + std::to_string(i + 1), value[i]);
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) flatten(form, path.empty() ? key : path + "." + key, member);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  try {
    const Json read = aws::form_as_json(aws::parse_form({reinterpret_cast<const char*>(data), size}));
    Json form = Json::object();
    flatten(form, "", read);
    if (aws::form_as_json(form.get<std::map<std::string, std::string>>()) != read) std::abort();
    if (aws::query_answer("Op", "urn:x", read).body.empty()) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
