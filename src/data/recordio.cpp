// A record is written in one part or several:
//
//   magic   4 bytes, 0xced7230a, little-endian
//   word    4 bytes: the part's place in its record (0 all of it, 1 first, 2 middle, 3 last) << 29 | the part's length
//   data    that many bytes, and zeros up to a multiple of 4
//
// A record is divided where its data have the magic themselves, which is left out there and put back when it is read.
//
// An image record begins with
//
//   flag    4 bytes: how many labels stand behind the header; 0: the label stands in it
//   label   4 bytes, a float
//   id      2 x 8 bytes
#include "data/recordio.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/manifest_builder.h"
#include "image/image.h"

namespace graft {
namespace {

constexpr std::uint32_t kMagic = 0xced7230a;
constexpr std::size_t kPartHeader = 8, kImageHeader = 24;
constexpr std::uint32_t kLengthBits = 29;
constexpr std::uint64_t kMaxRecordBytes = std::uint64_t{256} << 20;
constexpr std::uint32_t kMaxLabelBytes = 1024;
constexpr float kMaxLabel = 1'000'000;

enum Part : std::uint32_t { kWhole, kFirst, kMiddle, kLast };

struct PartHeader {
  Part part;
  std::uint32_t length;
  std::uint64_t end(std::uint64_t begin) const { return begin + kPartHeader + (length + 3) / 4 * 4; }
};

PartHeader part_header(ByteView content, std::uint64_t begin) {
  const auto word = load<std::uint32_t>(content, begin + 4);
  return {static_cast<Part>(word >> kLengthBits), word & ((1u << kLengthBits) - 1)};
}

// The first `size` bytes of the record.
Bytes read_bytes(ByteView content, std::uint64_t record, std::size_t size) {
  Bytes out;
  out.reserve(size + sizeof kMagic);
  for (std::uint64_t at = record; out.size() < size;) {
    const PartHeader header = part_header(content, at);
    if (header.part == kMiddle || header.part == kLast) append(out, kMagic);
    const std::size_t missing = size - std::min(size, out.size());
    const ByteView data = content.subspan(at + kPartHeader, std::min<std::size_t>(header.length, missing));
    out.insert(out.end(), data.begin(), data.end());
    at = header.end(at);
  }
  out.resize(size);
  return out;
}

// A record's place in the file: checked, not read.
struct Record {
  std::uint64_t begin = 0;
  std::uint32_t size = 0;
};

class Indexer {
 public:
  Indexer(ByteView content, std::string_view source) : content_(content), source_(source), builder_(source) {}

  RecordIndex run() {
    require(!content_.empty(), source_, ": the RecordIO file is empty");
    std::optional<Record> first = next();
    const bool pairs = sniff(head(*first)).has_value();
    while (first) {
      pairs ? add_pair(*first) : add_image_record(*first);
      first = next();
    }
    return {builder_.finish(), std::move(places_)};
  }

 private:
  std::string place() const { return text(source_, ", record ", count_ + 1); }

  // The next whole record, all of which lies within the content; nullopt at the end.
  std::optional<Record> next() {
    if (at_ == content_.size()) return {};
    Record record{.begin = at_};
    std::uint64_t size = 0;
    for (Part part = kFirst; part == kFirst || part == kMiddle;) {
      const bool is_first = at_ == record.begin;
      require(content_.size() - at_ >= kPartHeader, place(), ": the file is cut off; copy it here again");
      require(load<std::uint32_t>(content_, at_) == kMagic, place(),
              ": this is no RecordIO file, or a damaged one: a record begins with 0xced7230a");
      const PartHeader header = part_header(content_, at_);
      part = header.part;
      require(is_first ? part == kWhole || part == kFirst : part == kMiddle || part == kLast, place(),
              ": the file is damaged: a record's parts are not in order");
      require(header.end(at_) <= content_.size(), place(), ": the file is cut off; copy it here again");
      size += header.length + (is_first ? 0 : sizeof kMagic);
      require(size <= kMaxRecordBytes, place(), ": the record is larger than ", kMaxRecordBytes >> 20, " MiB");
      at_ = header.end(at_);
    }
    record.size = static_cast<std::uint32_t>(size);
    return record;
  }

  Bytes head(const Record& record) const {
    return read_bytes(content_, record.begin, std::min<std::size_t>(record.size, 64));
  }

  void add(const Record& record, std::uint32_t skip, std::string_view label) {
    builder_.add(std::to_string(places_.size()), label, {}, count_ + 1);
    places_.push_back({record.begin, skip, record.size - skip});
    ++count_;
  }

  void add_image_record(const Record& record) {
    const Bytes bytes = head(record);
    require(bytes.size() >= kImageHeader, place(), ": too short for an image record, whose header has 24 bytes");
    const auto labels = load<std::uint32_t>(bytes, 0);
    require(labels <= 1, place(), ": the image has ", labels, " labels, and graft learns one per image");
    const std::size_t skip = kImageHeader + labels * sizeof(float);
    require(bytes.size() >= skip, place(), ": too short for its label");
    const auto label = load<float>(bytes, labels == 1 ? kImageHeader : 4);
    require(label >= 0 && label <= kMaxLabel && label == std::floor(label), place(), ": the label ", label,
            " is no whole number from 0 on");
    add(record, static_cast<std::uint32_t>(skip), std::to_string(static_cast<int>(label)));
  }

  void add_pair(const Record& picture) {
    const std::optional<Record> label = next();
    require(label.has_value(), place(), ": the last picture has no label behind it");
    require(label->size <= kMaxLabelBytes, place(), ": where the picture's label is expected, a record of ",
            label->size, " bytes stands: AttributeNames are the picture, then its label, and no more");
    const Bytes bytes = read_bytes(content_, label->begin, label->size);
    add(picture, 0, label_text(std::string(as_text(bytes))));
  }

  // A label as the manifest has it: 3, "ants" or ants.
  std::string label_text(const std::string& written) const {
    const Json json = Json::parse(written, nullptr, false);
    if (json.is_string()) return json.get<std::string>();
    require(json.is_discarded() || !(json.is_array() || json.is_object()), place(), ": the label is ",
            printable(written).substr(0, 80), ", and graft learns one label per image");
    if (const auto number = whole_number(written)) return std::to_string(*number);
    return written;
  }

  ByteView content_;
  std::string_view source_;
  ManifestBuilder builder_;
  std::vector<RecordPlace> places_;
  std::uint64_t at_ = 0;
  std::uint64_t count_ = 0;  // of pictures
};

class RecordDataset final : public Dataset {
 public:
  RecordDataset(const std::filesystem::path& path, RecordIndex index) : file_(path), index_(std::move(index)) {}

  std::size_t size() const override { return index_.places.size(); }
  Sample get(std::size_t i) const override {
    return {name(i), label(i), read_record(file_.bytes(), index_.places.at(i))};
  }
  std::string name(std::size_t i) const override { return std::string(index_.listing.files.name(i)); }
  int label(std::size_t i) const override { return index_.listing.files.label(i); }
  const std::vector<std::string>& labels() const override { return index_.listing.labels; }

 private:
  MappedFile file_;
  RecordIndex index_;
};

}  // namespace

RecordIndex index_records(ByteView content, std::string_view source) {
  return Indexer(content, source).run();
}

Bytes read_record(ByteView content, const RecordPlace& place) {
  Bytes bytes = read_bytes(content, place.record, std::size_t{place.skip} + place.size);
  bytes.erase(bytes.begin(), bytes.begin() + place.skip);
  return bytes;
}

bool is_record_file(const std::filesystem::path& path) {
  std::error_code unknown;
  return path.extension() == ".rec" && std::filesystem::is_regular_file(path, unknown);
}

RecordIndex open_records(const std::filesystem::path& path) {
  const MappedFile file(path);
  return index_records(file.bytes(), path.string());
}

DatasetPtr make_record_dataset(const std::filesystem::path& path, RecordIndex index) {
  return std::make_shared<RecordDataset>(path, std::move(index));
}

}  // namespace graft
