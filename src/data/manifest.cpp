#include "data/manifest.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/words.h"
#include "data/csv.h"
#include "data/manifest_builder.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLineBytes = 64 << 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::string_view stripped(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
}

// Calls body(line, number) for each line that is not blank.
template <typename Body>
void for_each_line(std::string_view content, const ManifestBuilder& builder, const Body& body) {
  for (std::uint64_t number = 1; !content.empty(); ++number) {
    const std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(content.size(), line.size() + 1));
    require(line.size() <= kMaxLineBytes, builder.place(number), ": longer than ", kMaxLineBytes, " bytes");
    if (!stripped(line).empty()) body(stripped(line), number);
  }
}

// Which column of the header is called one of `names`.
std::size_t column(const std::vector<std::string>& header, std::span<const std::string_view> names,
                   std::string_view source) {
  for (std::string_view name : names) {
    const auto found =
        std::find_if(header.begin(), header.end(), [&](const auto& field) { return lower(stripped(field)) == name; });
    if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  }
  fail(Kind::invalid, source, ", line 1: the header names no column \"", names[0], "\" (or ",
       join(names.subspan(1), ", "), ")");
}

void parse_csv(std::string_view content, std::string_view source, ManifestBuilder& builder) {
  CsvReader reader(content, source);
  std::vector<std::string> fields;
  require(reader.next(fields), source, ": the list is empty");
  const std::size_t image = column(fields, image_fields(), source), label = column(fields, label_fields(), source);
  const std::size_t columns = fields.size();
  while (reader.next(fields)) {
    require(fields.size() == columns, builder.place(reader.line()), ": ", fields.size(), " fields, and the header has ",
            columns);
    builder.add(fields[image], fields[label], {}, reader.line());
  }
}

void add_lst_line(ManifestBuilder& builder, std::string_view line, std::uint64_t number) {
  const std::size_t first = line.find('\t'), last = line.rfind('\t');
  require(first != last, builder.place(number),
          ": expected a number, the label's number and the image, with tabs between");
  const std::string_view label = line.substr(first + 1, last - first - 1);
  require(label.find('\t') == std::string_view::npos, builder.place(number),
          ": the image has several labels, and graft learns one per image");
  const auto value = whole_number(label);
  require(value && whole_number(line.substr(0, first)), builder.place(number),
          ": the index and the label of a .lst list are whole numbers");
  builder.add(line.substr(last + 1), std::to_string(*value), {}, number);
}

}  // namespace

ListFormat list_format(const fs::path& path, std::string_view content) {
  const std::string extension = lower(path.extension().string());
  if (extension == ".csv") return ListFormat::csv;
  if (extension == ".lst" || extension == ".tsv") return ListFormat::lst;
  if (extension == ".jsonl" || extension == ".ndjson" || extension == ".json" || extension == ".manifest")
    return ListFormat::json_lines;
  const std::string_view first = stripped(content.substr(0, std::min(content.find('\n'), kMaxLineBytes)));
  if (first.starts_with('{')) return ListFormat::json_lines;
  return first.find('\t') != std::string_view::npos ? ListFormat::lst : ListFormat::csv;
}

Listing parse_manifest(std::string_view content, ListFormat format, std::string_view source) {
  if (content.starts_with(kByteOrderMark)) content.remove_prefix(kByteOrderMark.size());
  ManifestBuilder builder(source);
  if (format == ListFormat::csv) parse_csv(content, source, builder);
  if (format != ListFormat::csv) {
    const auto add = format == ListFormat::lst ? add_lst_line : add_json_line;
    for_each_line(content, builder, [&](std::string_view line, std::uint64_t number) { add(builder, line, number); });
  }
  return builder.finish();
}

Listing read_manifest(const fs::path& path) {
  const MappedFile file(path);
  const std::string_view content = as_text(file.bytes());
  Listing listing = parse_manifest(content, list_format(path, content), path.string());
  listing.root = path.parent_path();
  return listing;
}

}  // namespace graft
