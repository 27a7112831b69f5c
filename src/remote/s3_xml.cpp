#include "remote/s3_xml.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <pugixml.hpp>
#include <sstream>

#include "base/error.h"
#include "http/url.h"

namespace graft {
namespace {

constexpr std::size_t kMostWords = 300;

// pugixml expands no entities of a document's own, so a small text stays small.
bool load(pugi::xml_document& document, std::string_view xml) {
  return static_cast<bool>(document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8));
}

// The form's escapes: AWS and MinIO write a space as '+'.
std::string decode(std::string_view escaped, std::string_view source) {
  std::string spaces(escaped);
  std::replace(spaces.begin(), spaces.end(), '+', ' ');
  auto key = percent_decode(spaces);
  if (!key) fail(Kind::unavailable, source, ": a key in the store's list is badly encoded: ", escaped.substr(0, 80));
  return std::move(*key);
}

std::uint64_t number(const pugi::xml_node& node, std::string_view source) {
  const std::string_view words = node.child_value();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), value);
  if (error != std::errc() || end != words.data() + words.size()) {
    fail(Kind::unavailable, source, ": a size in the store's list is no number: \"", words.substr(0, 40), "\"");
  }
  return value;
}

// One line, and not an essay: it becomes a part of our sentence.
std::string sentence(const char* words) {
  std::string line = std::string(words).substr(0, kMostWords);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

}  // namespace

std::int64_t parse_iso_time(const std::string& words) {
  std::tm parts{};
  return ::strptime(words.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) ? ::timegm(&parts) : 0;
}

ObjectPage parse_object_page(std::string_view xml, std::string_view source) {
  pugi::xml_document document;
  const bool loaded = load(document, xml);
  const pugi::xml_node list = document.child("ListBucketResult");
  if (!loaded || !list) fail(Kind::unavailable, source, ": what answers is no S3: it gives no list of objects");
  ObjectPage page;
  const bool encoded = std::string_view(list.child_value("EncodingType")) == "url";
  for (const pugi::xml_node& each : list.children("Contents")) {
    const std::string_view key = each.child_value("Key");
    std::string etag = each.child_value("ETag");
    std::erase(etag, '"');
    page.objects.push_back({encoded ? decode(key, source) : std::string(key), std::move(etag),
                            number(each.child("Size"), source), parse_iso_time(each.child_value("LastModified"))});
  }
  const bool more = std::string_view(list.child_value("IsTruncated")) == "true";
  page.next = list.child_value("NextContinuationToken");
  if (more && page.next.empty())
    fail(Kind::unavailable, source, ": the store's list goes on, but it does not say where");
  if (!more) page.next.clear();
  return page;
}

S3Problem parse_problem(std::string_view xml) {
  pugi::xml_document document;
  load(document, xml);
  const pugi::xml_node error = document.child("Error");
  return {sentence(error.child_value("Code")), sentence(error.child_value("Message"))};
}

std::string parse_upload_id(std::string_view xml, std::string_view source) {
  pugi::xml_document document;
  load(document, xml);
  std::string id = document.child("InitiateMultipartUploadResult").child_value("UploadId");
  if (id.empty()) fail(Kind::unavailable, source, ": the store began an upload and gives no UploadId");
  return id;
}

std::string completion(const std::vector<std::string>& etags) {
  pugi::xml_document document;
  pugi::xml_node all = document.append_child("CompleteMultipartUpload");
  all.append_attribute("xmlns") = "http://s3.amazonaws.com/doc/2006-03-01/";
  for (std::size_t i = 0; i < etags.size(); ++i) {
    pugi::xml_node part = all.append_child("Part");
    part.append_child("PartNumber").text().set(static_cast<unsigned long long>(i + 1));
    part.append_child("ETag").text().set(etags[i].c_str());
  }
  std::ostringstream out;
  document.save(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

}  // namespace graft
