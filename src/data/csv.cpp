#include "data/csv.h"

#include "base/error.h"

namespace graft {

CsvReader::CsvReader(std::string_view content, std::string_view source) : content_(content), source_(source) {}

bool CsvReader::next(std::vector<std::string>& fields) {
  while (!at_end() && at_line_end()) skip_line_end();
  fields.clear();
  if (at_end()) return false;
  line_ = next_line_;
  start_ = position_;
  while (true) {
    std::string& field = fields.emplace_back();
    if (!at_end() && content_[position_] == '"') {
      read_quoted(field);
    } else {
      read_plain(field);
    }
    if (at_end()) return true;
    if (at_line_end()) {
      skip_line_end();
      return true;
    }
    ++position_;  // the comma
  }
}

void CsvReader::read_quoted(std::string& field) {
  ++position_;
  while (true) {
    require(!at_end(), source_, ", line ", line_, ": a quote is opened and not closed");
    require(position_ - start_ < kMaxRecordBytes, source_, ", line ", line_, ": longer than ", kMaxRecordBytes,
            " bytes; is a quote not closed?");
    const char c = content_[position_++];
    if (c == '\n') ++next_line_;
    if (c != '"') {
      field += c;
    } else if (!at_end() && content_[position_] == '"') {
      field += '"';
      ++position_;
    } else {
      break;
    }
  }
  require(at_end() || content_[position_] == ',' || at_line_end(), source_, ", line ", line_,
          ": text follows a closing quote; a quote within a field is written twice");
}

void CsvReader::read_plain(std::string& field) {
  while (!at_end() && content_[position_] != ',' && !at_line_end()) {
    require(position_ - start_ < kMaxRecordBytes, source_, ", line ", line_, ": longer than ", kMaxRecordBytes,
            " bytes");
    require(content_[position_] != '"', source_, ", line ", line_,
            ": a quote inside a field; put the whole field in quotes and write the quote twice");
    field += content_[position_++];
  }
}

bool CsvReader::at_line_end() const {
  const std::string_view rest = content_.substr(position_, 2);
  return rest.starts_with('\n') || rest == "\r\n" || rest == "\r";
}

void CsvReader::skip_line_end() {
  if (content_[position_] == '\r') ++position_;
  if (!at_end() && content_[position_] == '\n') ++position_;
  ++next_line_;
}

std::string csv_field(std::string_view field) {
  if (!field.empty() && field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string out = "\"";
  for (char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

}  // namespace graft
