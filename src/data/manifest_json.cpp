// One line of a JSON-lines list or of an augmented manifest. In the latter, the label's attribute is the one that has
// metadata: "<name>" beside "<name>-metadata", with the label's name in the metadata's "class-name".
#include "base/error.h"
#include "base/json.h"
#include "data/manifest_builder.h"

namespace graft {
namespace {

constexpr std::string_view kMetadata = "-metadata";

// A label as text: a string, or a whole number.
std::string label_text(const Json& value, const std::string& place) {
  if (value.is_string()) return value.get<std::string>();
  require(!value.is_array(), place, ": the image has several labels, and graft learns one per image");
  const auto number = value.is_number() ? whole_number(value.dump()) : std::nullopt;
  require(number.has_value(), place, ": the label is neither text nor a whole number");
  return std::to_string(*number);
}

const Json* find_first(const Json& object, std::span<const std::string_view> names) {
  for (std::string_view name : names) {
    if (const auto found = object.find(name); found != object.end()) return &*found;
  }
  return nullptr;
}

// The name of the one attribute with metadata; empty when there is none.
std::string labelled_attribute(const Json& object, const std::string& place) {
  std::string found;
  for (const auto& [key, value] : object.items()) {
    if (!key.ends_with(kMetadata) || !value.is_object()) continue;
    const std::string attribute = key.substr(0, key.size() - kMetadata.size());
    if (!object.contains(attribute)) continue;
    require(found.empty(), place, ": both \"", found, "\" and \"", attribute,
            "\" are labels; leave one of them in the manifest");
    found = attribute;
  }
  return found;
}

void add_augmented(ManifestBuilder& builder, const Json& object, std::uint64_t line) {
  const std::string place = builder.place(line);
  const auto path = field<std::string>(object, "source-ref", place);
  const std::string attribute = labelled_attribute(object, place);
  const Json* value = attribute.empty() ? find_first(object, label_fields()) : &object.at(attribute);
  require(value, place, ": no label: neither an attribute with \"-metadata\" nor \"class\" or \"label\" is there");
  const std::string written = label_text(*value, place);
  const Json metadata = attribute.empty() ? Json::object() : object.at(attribute + std::string(kMetadata));
  builder.add(path, field_or<std::string>(metadata, "class-name", written, place), whole_number(written), line);
}

}  // namespace

void add_json_line(ManifestBuilder& builder, std::string_view line, std::uint64_t number) {
  const std::string place = builder.place(number);
  const Json object = parse_json(line, place);
  require(object.is_object(), place,
          ": a line is a JSON object such as {\"image\": \"ants/1.jpg\", \"label\": \"ants\"}");
  if (object.contains("source-ref")) return add_augmented(builder, object, number);
  const Json* image = find_first(object, image_fields());
  const Json* label = find_first(object, label_fields());
  require(image && image->is_string(), place, ": the field \"image\" (or path, file) is missing or not text");
  require(label, place, ": the field \"label\" (or class) is missing");
  builder.add(image->get<std::string>(), label_text(*label, place), {}, number);
}

}  // namespace graft
