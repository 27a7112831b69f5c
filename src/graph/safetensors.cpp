// The file is
//
//   header length   8 bytes, little-endian
//   header          JSON: {"__metadata__": {"key": "value", ...},
//                          "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, ...}, spaces behind
//   data            the tensors' bytes; offsets count from here
#include "graph/safetensors.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

constexpr std::size_t kPrefix = sizeof(std::uint64_t);
constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr int kMaxDepth = 3;
constexpr char kMetadata[] = "__metadata__";

// Refuses repeated keys, of which a JSON object silently keeps one, and nesting that no header has.
Json parse_header(std::string_view header, std::string_view source) {
  std::vector<std::set<std::string>> keys;  // of the open objects
  const auto check = [&](int depth, Json::parse_event_t event, Json& value) {
    require(depth <= kMaxDepth, source, ": the header is nested deeper than a safetensors header is");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& name = value.get_ref<const std::string&>();
      require(keys.back().insert(name).second, source, ": the header has ", name, " twice");
    }
    return true;
  };
  try {
    return Json::parse(header, check);
  } catch (const Json::exception& error) {
    fail(Kind::invalid, source, ": the header is not valid JSON: ", error.what());
  }
}

std::optional<DType> dtype_of(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(DType::boolean); ++i) {
    if (name_of(static_cast<DType>(i)) == name) return static_cast<DType>(i);
  }
  return std::nullopt;
}

// Non-negative integers and nothing that only converts to them.
template <typename Number>
std::vector<Number> numbers(const Json& object, const char* key, const std::string& where) {
  const Json list = field<Json>(object, key, where);
  require(list.is_array(), where, ": ", key, " is not a list");
  std::vector<Number> values;
  for (const Json& item : list) {
    require(item.is_number_unsigned() && item.get<std::uint64_t>() <= INT64_MAX, where, ": ", key,
            " holds something else than sizes");
    values.push_back(item.get<Number>());
  }
  return values;
}

struct Entry {
  std::string name;
  DType type;
  Shape shape;
  std::uint64_t begin, end;
};

Entry parse_entry(const std::string& name, const Json& json, std::string_view source) {
  const std::string where = text(source, ": ", name);
  const auto type_name = field<std::string>(json, "dtype", where);
  const auto type = dtype_of(type_name);
  require(type.has_value(), where, ": graft does not read the type ", type_name);
  const auto offsets = numbers<std::uint64_t>(json, "data_offsets", where);
  require(offsets.size() == 2 && offsets[0] <= offsets[1], where, ": data_offsets is not a begin and an end");
  Entry entry{name, *type, numbers<std::int64_t>(json, "shape", where), offsets[0], offsets[1]};
  std::uint64_t size = 0;
  const bool fits = !__builtin_mul_overflow(static_cast<std::uint64_t>(count(entry.shape)), size_of(entry.type), &size);
  require(fits && size == entry.end - entry.begin, where, ": the shape [", join(entry.shape, ", "), "] of ", type_name,
          " does not take the ", entry.end - entry.begin, " bytes that its data_offsets give it");
  return entry;
}

std::vector<Entry> parse_entries(const Json& header, std::string_view source) {
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name != kMetadata) entries.push_back(parse_entry(name, json, source));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  return entries;
}

// What follows the header, cut as the entries say: every byte belongs to one tensor.
Weights cut(ByteView data, const std::vector<Entry>& entries, const std::shared_ptr<const void>& owner,
            std::string_view source) {
  Weights weights;
  std::uint64_t position = 0;
  for (const Entry& entry : entries) {
    require(entry.begin == position, source, ": ", entry.name, " begins at byte ", entry.begin,
            " of the data, but the tensor before it ends at byte ", position);
    require(entry.end <= data.size(), source, ": ", entry.name, " ends at byte ", entry.end, " of ", data.size(),
            "; the file is truncated");
    weights[entry.name] = {entry.type, entry.shape, data.subspan(entry.begin, entry.end - entry.begin), owner};
    position = entry.end;
  }
  require(position == data.size(), source, ": ", data.size() - position, " bytes at the end belong to no tensor");
  return weights;
}

std::string header_of(const std::vector<std::pair<std::string, const Tensor*>>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  OrderedJson header = OrderedJson::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::uint64_t position = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::uint64_t end = position + tensor->bytes.size();
    header[name] = {{"dtype", name_of(tensor->type)}, {"shape", tensor->shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  try {
    std::string content = header.dump();
    content.append((kPrefix - content.size() % kPrefix) % kPrefix, ' ');
    return content;
  } catch (const Json::exception&) {
    fail(Kind::invalid, "the name of a tensor, or a note beside the tensors, is not UTF-8 text");
  }
}

}  // namespace

Safetensors parse_safetensors(ByteView bytes, std::shared_ptr<const void> owner, std::string_view source) {
  require(bytes.size() >= kPrefix, source, ": too short to be a safetensors file");
  const auto length = load<std::uint64_t>(bytes, 0);
  require(length <= kMaxHeader, source, ": not a safetensors file, or a header of more than ", kMaxHeader, " bytes");
  require(length <= bytes.size() - kPrefix, source, ": the header ends behind the file; the file is truncated");
  const std::string_view content = as_text(bytes.subspan(kPrefix, length));
  require(content.starts_with('{'), source, ": not a safetensors file: its header does not begin with {");
  const Json header = parse_header(content, source);
  Safetensors out;
  using Metadata = std::map<std::string, std::string>;
  out.metadata = field_or<Metadata>(header, kMetadata, {}, source);
  out.weights = cut(bytes.subspan(kPrefix + length), parse_entries(header, source), owner, source);
  return out;
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_safetensors(file.bytes(), file.owner(), path.string());
}

std::string encode_safetensors(const Weights& weights, const std::map<std::string, std::string>& metadata) {
  std::vector<std::pair<std::string, const Tensor*>> tensors;
  for (const auto& [name, tensor] : weights) tensors.emplace_back(name, &tensor);
  std::stable_sort(tensors.begin(), tensors.end(),
                   [](const auto& a, const auto& b) { return size_of(a.second->type) > size_of(b.second->type); });
  const std::string header = header_of(tensors, metadata);
  Bytes prefix;
  append(prefix, static_cast<std::uint64_t>(header.size()));
  std::size_t total = kPrefix + header.size();
  for (const auto& [name, tensor] : tensors) total += tensor->bytes.size();
  std::string content;
  content.reserve(total);
  const auto append_all = [&content](ByteView part) {
    content.append(reinterpret_cast<const char*>(part.data()), part.size());
  };
  append_all(prefix);
  content += header;
  for (const auto& [name, tensor] : tensors) append_all(tensor->bytes);
  return content;
}

void write_safetensors(const std::filesystem::path& path, const Weights& weights,
                       const std::map<std::string, std::string>& metadata) {
  write_file(path, encode_safetensors(weights, metadata));
}

}  // namespace graft
