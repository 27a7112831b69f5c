#include "aws/document.h"

#include <sstream>

namespace graft::aws {
namespace {

std::string_view word(Support support) {
  switch (support) {
    case Support::done:
      return "done";
    case Support::ignored:
      return "kept, without effect";
    case Support::refused:
      break;
  }
  return "refused";
}

// In a cell of a table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

void describe(std::ostream& out, const Operation& operation) {
  out << "\n### " << operation.name << "\n\n";
  if (operation.fields.empty()) {
    out << "It takes no fields.\n";
    return;
  }
  out << "| field | | |\n| --- | --- | --- |\n";
  for (const Field& field : operation.fields) {
    out << "| `" << field.path << "` | " << word(field.support) << " | " << cell(field.note) << " |\n";
  }
}

}  // namespace

std::string describe(const std::vector<Service>& services, std::string_view before) {
  std::ostringstream out;
  if (!before.empty()) out << before << "\n\n";
  out << "Fields and operations that are not in these tables are refused by name. A field stands for all below it "
         "that\n"
         "has no line of its own.\n";
  for (const Service& service : services) {
    out << "\n## " << service.name << "\n\n" << service.operations.size() << " operations";
    if (!service.target_prefix.empty()) out << " (`X-Amz-Target: " << service.target_prefix << ".NAME`)";
    out << ".\n";
    for (const Operation& operation : service.operations) describe(out, operation);
  }
  return out.str();
}

}  // namespace graft::aws
