// The parts of the report's page, from top to bottom. A part with nothing to show says so or is empty.
#pragma once

#include <string_view>

#include "report/markup.h"
#include "report/report.h"

namespace graft {

Markup verdict_section(const Report& report);
Markup accuracy_section(const Report& report);
Markup curves_section(const Report& report);

Markup labels_section(const Report& report);
Markup confusion_section(const Report& report);
Markup mistakes_section(const Report& report);
Markup calibration_section(const Report& report);
Markup precision_section(const Report& report);

Markup scan_section(const Report& report);
Markup time_section(const Report& report);
Markup scaling_section(const Report& report);
Markup settings_section(const Report& report);

// A titled part of the page. `id` is its anchor.
Markup section(std::string_view id, std::string_view title, std::string_view lead, const Markup& body);
// A table whose cells are markup already; columns from the `numbers`-th on are right-aligned.
Markup table(const std::vector<std::string>& columns, const std::vector<std::vector<Markup>>& rows,
             std::size_t numbers);
// A share as a number over a bar of its length.
Markup bar(double share, std::string_view style);

// The style sheet of the page.
std::string_view style_sheet();

}  // namespace graft
