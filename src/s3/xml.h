// The XML of S3's answers, written, and that of its requests, read with limits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "s3/checksum.h"

namespace graft::s3 {

inline constexpr std::string_view kXmlns = "http://s3.amazonaws.com/doc/2006-03-01/";

//   Xml xml("ListBucketResult");
//   xml.add("Name", bucket);
//   xml.open("Contents"); ... xml.close();
//   return xml.finish();
class Xml {
 public:
  explicit Xml(std::string_view root, std::string_view xmlns = kXmlns);
  void open(std::string_view name, std::string_view attributes = "");
  void close();
  void add(std::string_view name, std::string_view value);
  void add(std::string_view name, std::uint64_t value);
  void add(std::string_view name, bool value);
  void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }
  void add(std::string_view name, const std::string& value) { add(name, std::string_view(value)); }
  // Closes what is open. Once, last.
  std::string finish();

 private:
  std::string text_;
  std::vector<std::string> open_;
};

// An account, as S3 tells of a person.
void add_person(Xml& xml, std::string_view name, const std::string& account, std::string_view attributes = "");

// What requests say in XML. All throw MalformedXML, for a document type too: entities are not S3's.
struct DeleteRequest {
  struct Item {
    std::string key{};
    std::string etag{};  // without quotes; empty: any
    std::string version{};
  };
  std::vector<Item> items{};
  bool quiet = false;
};
DeleteRequest parse_delete(std::string_view xml);  // at most 1000 keys

struct CompletedPart {
  int number = 0;
  std::string etag{};  // without quotes
  std::vector<std::pair<Algorithm, std::string>> checksums{};
};
std::vector<CompletedPart> parse_complete(std::string_view xml);  // at most 10,000 parts

// The LocationConstraint of a CreateBucketConfiguration, or empty.
std::string parse_location(std::string_view xml);

using Tags = std::vector<std::pair<std::string, std::string>>;
Tags parse_tagging(std::string_view xml);

// The text of the element at this path below the root: {"Status"}. Nothing where it is missing.
std::optional<std::string> parse_text(std::string_view xml, std::string_view root, std::string_view element);

// The children, by name and text, of each <group> below the root; at most `most` groups.
std::vector<std::vector<std::pair<std::string, std::string>>> parse_groups(std::string_view xml, std::string_view root,
                                                                           std::string_view group, std::size_t most);

// Of an AccessControlPolicy: whether it gives reading to all. Throws NotImplemented where it gives anything else to
// anyone but the owner, whose account is given.
bool parse_public_acl(std::string_view xml, std::string_view account);

}  // namespace graft::s3
