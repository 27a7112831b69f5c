#include "s3/xml.h"

namespace graft::s3 {
namespace {

void append_escaped(std::string& text, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '&':
        text += "&amp;";
        break;
      case '<':
        text += "&lt;";
        break;
      case '>':
        text += "&gt;";
        break;
      case '"':
        text += "&quot;";
        break;
      default:
        // Keys may hold them. XML 1.0 has no way to say them; S3 says them so, and clients ask for encoding-type=url.
        if (static_cast<unsigned char>(c) < 0x20) {
          text += "&#" + std::to_string(static_cast<int>(c)) + ";";
        } else {
          text += c;
        }
    }
  }
}

}  // namespace

Xml::Xml(std::string_view root, std::string_view xmlns) : text_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {
  open(root, xmlns.empty() ? std::string() : "xmlns=\"" + std::string(xmlns) + "\"");
}

void Xml::open(std::string_view name, std::string_view attributes) {
  text_.append("<").append(name);
  if (!attributes.empty()) text_.append(" ").append(attributes);
  text_ += '>';
  open_.emplace_back(name);
}

void Xml::close() {
  text_.append("</").append(open_.back()).append(">");
  open_.pop_back();
}

void Xml::add(std::string_view name, std::string_view value) {
  text_.append("<").append(name).append(">");
  append_escaped(text_, value);
  text_.append("</").append(name).append(">");
}

void Xml::add(std::string_view name, std::uint64_t value) {
  add(name, std::string_view(std::to_string(value)));
}

void Xml::add(std::string_view name, bool value) {
  add(name, std::string_view(value ? "true" : "false"));
}

std::string Xml::finish() {
  while (!open_.empty()) close();
  return std::move(text_);
}

void add_person(Xml& xml, std::string_view name, const std::string& account, std::string_view attributes) {
  xml.open(name, attributes);
  xml.add("ID", account);
  xml.add("DisplayName", account);
  xml.close();
}

}  // namespace graft::s3
