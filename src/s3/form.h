// A form that uploads a file (multipart/form-data), read as it comes: the fields before the file first, then the file.
#pragma once

#include <map>
#include <string>

#include "http/exchange.h"

namespace graft::s3 {

class Form {
 public:
  // Reads up to the file. `content_type` is the body's. Throws MalformedPOSTRequest for what is no such form, or has
  // more than 64 KiB before its file.
  Form(Exchange& exchange, std::string_view content_type);

  // Names in lower case, without that of the file.
  const std::map<std::string, std::string>& fields() const { return fields_; }
  const std::string& file_name() const { return file_name_; }
  const std::string& file_type() const { return file_type_; }  // as the client says; may be empty
  // The next bytes of the file; 0 at its end. What comes behind it is not looked at.
  std::size_t read(std::span<std::byte> room);

 private:
  bool fill();
  std::string take_until(std::string_view end);
  bool read_field();

  Exchange& exchange_;
  std::string delimiter_;  // "\r\n--BOUNDARY"
  std::string buffer_;     // what was read and not given
  bool ended_ = false;     // the body, or the file
  std::map<std::string, std::string> fields_{};
  std::string file_name_{}, file_type_{};
};

}  // namespace graft::s3
