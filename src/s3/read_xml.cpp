#include <algorithm>
#include <cstring>
#include <pugixml.hpp>

#include "s3/errors.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostKeys = 1000, kMostParts = 10'000, kMostTags = 50;

// Without a namespace's prefix.
std::string_view name_of(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.rfind(':') + 1);
}

// Not deeper than any request of S3 is, so that nothing below needs to look at the depth.
void check_depth(const pugi::xml_node& root) {
  constexpr int kDeepest = 8;
  struct Walker : pugi::xml_tree_walker {
    bool for_each(pugi::xml_node&) override { return depth() < kDeepest; }
  } walker;
  pugi::xml_node copy = root;
  demand(copy.traverse(walker), Code::malformed_xml, "the XML is nested deeper than any request of S3");
}

pugi::xml_node parse(pugi::xml_document& document, std::string_view xml, std::string_view root) {
  const auto result = document.load_buffer(xml.data(), xml.size(),
                                           pugi::parse_default | pugi::parse_doctype | pugi::parse_ws_pcdata_single,
                                           pugi::encoding_utf8);
  demand(result, Code::malformed_xml, "the body is no XML: ", result.description(), " at byte ", result.offset);
  for (const pugi::xml_node& node : document.children()) {
    demand(node.type() != pugi::node_doctype, Code::malformed_xml, "a document type is not allowed here");
  }
  const pugi::xml_node top = document.document_element();
  demand(name_of(top) == root, Code::malformed_xml, "the body has to be <", root, ">");
  check_depth(top);
  return top;
}

std::string text_of(const pugi::xml_node& node) {
  std::string text;
  for (const pugi::xml_node& part : node.children()) text += part.value();
  return text;
}

std::string child_text(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& child : node.children()) {
    if (name_of(child) == name) return text_of(child);
  }
  return {};
}

template <typename Visit>
void each(const pugi::xml_node& node, std::string_view name, const Visit& visit) {
  for (const pugi::xml_node& child : node.children()) {
    if (child.type() == pugi::node_element && name_of(child) == name) visit(child);
  }
}

std::string without_quotes(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '"'), text.end());
  return text;
}

CompletedPart parse_part(const pugi::xml_node& node) {
  CompletedPart part{.etag = without_quotes(child_text(node, "ETag"))};
  const std::string number = child_text(node, "PartNumber");
  demand(!number.empty() && number.size() <= 5 && number.find_first_not_of("0123456789") == std::string::npos,
         Code::malformed_xml, "each <Part> needs a <PartNumber> from 1 to 10000");
  part.number = std::stoi(number);
  for (const Algorithm algorithm : checksum_algorithms()) {
    if (std::string value = child_text(node, element_of(algorithm)); !value.empty()) {
      part.checksums.emplace_back(algorithm, std::move(value));
    }
  }
  return part;
}

}  // namespace

DeleteRequest parse_delete(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = parse(document, xml, "Delete");
  DeleteRequest request{.quiet = child_text(root, "Quiet") == "true"};
  each(root, "Object", [&](const pugi::xml_node& node) {
    demand(request.items.size() < kMostKeys, Code::malformed_xml, "at most 1000 objects are deleted at once");
    request.items.push_back(
        {child_text(node, "Key"), without_quotes(child_text(node, "ETag")), child_text(node, "VersionId")});
    demand(!request.items.back().key.empty(), Code::malformed_xml, "each <Object> needs a <Key>");
  });
  demand(!request.items.empty(), Code::malformed_xml, "<Delete> names no object");
  return request;
}

std::vector<CompletedPart> parse_complete(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = parse(document, xml, "CompleteMultipartUpload");
  std::vector<CompletedPart> parts;
  each(root, "Part", [&](const pugi::xml_node& node) {
    demand(parts.size() < kMostParts, Code::malformed_xml, "an upload has at most 10000 parts");
    parts.push_back(parse_part(node));
  });
  demand(!parts.empty(), Code::malformed_xml, "<CompleteMultipartUpload> names no part");
  return parts;
}

std::string parse_location(std::string_view xml) {
  pugi::xml_document document;
  return child_text(parse(document, xml, "CreateBucketConfiguration"), "LocationConstraint");
}

Tags parse_tagging(std::string_view xml) {
  pugi::xml_document document;
  const pugi::xml_node root = parse(document, xml, "Tagging");
  Tags tags;
  each(root, "TagSet", [&](const pugi::xml_node& set) {
    each(set, "Tag", [&](const pugi::xml_node& tag) {
      demand(tags.size() < kMostTags, Code::invalid_tag, "there are at most 50 tags");
      tags.emplace_back(child_text(tag, "Key"), child_text(tag, "Value"));
    });
  });
  return tags;
}

std::optional<std::string> parse_text(std::string_view xml, std::string_view root, std::string_view element) {
  pugi::xml_document document;
  const pugi::xml_node top = parse(document, xml, root);
  std::optional<std::string> found;
  each(top, element, [&](const pugi::xml_node& node) { found = text_of(node); });
  return found;
}

std::vector<std::vector<std::pair<std::string, std::string>>> parse_groups(std::string_view xml, std::string_view root,
                                                                           std::string_view group, std::size_t most) {
  pugi::xml_document document;
  const pugi::xml_node top = parse(document, xml, root);
  std::vector<std::vector<std::pair<std::string, std::string>>> groups;
  each(top, group, [&](const pugi::xml_node& node) {
    demand(groups.size() < most, Code::malformed_xml, "there are at most ", most, " <", group, ">");
    groups.emplace_back();
    for (const pugi::xml_node& child : node.children()) {
      if (child.type() == pugi::node_element) groups.back().emplace_back(name_of(child), text_of(child));
    }
  });
  return groups;
}

bool parse_public_acl(std::string_view xml, std::string_view account) {
  pugi::xml_document document;
  const pugi::xml_node root = parse(document, xml, "AccessControlPolicy");
  bool is_public = false;
  each(root, "AccessControlList", [&](const pugi::xml_node& list) {
    each(list, "Grant", [&](const pugi::xml_node& grant) {
      const std::string permission = child_text(grant, "Permission");
      std::string uri, id;
      each(grant, "Grantee", [&](const pugi::xml_node& grantee) {
        uri = child_text(grantee, "URI");
        id = child_text(grantee, "ID");
      });
      if (uri.empty() && id == account) return;
      demand(uri.ends_with("/groups/global/AllUsers") && permission == "READ", Code::not_implemented,
             "the only grant that is implemented, besides the owner's, is READ for all users");
      is_public = true;
    });
  });
  return is_public;
}

}  // namespace graft::s3
