// Comma-separated values, as RFC 4180 writes them: fields in double quotes may hold commas, line ends and, doubled,
// quotes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

class CsvReader {
 public:
  static constexpr std::size_t kMaxRecordBytes = 64 << 10;

  // Reads `content`, which must stay; `source` names it in errors.
  CsvReader(std::string_view content, std::string_view source);

  // The next record that is not an empty line. False at the end. Throws, with the line's number, on a quote out of
  // place and on a record longer than kMaxRecordBytes.
  bool next(std::vector<std::string>& fields);

  // Where the record last read begins, from 1.
  std::uint64_t line() const { return line_; }

 private:
  void read_quoted(std::string& field);
  void read_plain(std::string& field);
  bool at_end() const { return position_ == content_.size(); }
  bool at_line_end() const;
  void skip_line_end();

  std::string_view content_;
  std::string source_;
  std::size_t position_ = 0, start_ = 0;  // start_: of the record
  std::uint64_t line_ = 0, next_line_ = 1;
};

// The field as it stands in a record: in quotes where it needs them.
std::string csv_field(std::string_view field);

}  // namespace graft
