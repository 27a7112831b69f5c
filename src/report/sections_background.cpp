// What the result rests on: the data, the time, the settings.
#include <algorithm>
#include <numeric>

#include "report/sections.h"

namespace graft {
namespace {

Markup example_list(const std::vector<std::string>& examples) {
  Markup out;
  for (const std::string& example : examples) out += markup("<div class=file>{}</div>", example);
  return out;
}

std::string plain(const OrderedJson& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// One row for each value, named by the way to it: "optimizer.learning_rate".
void flatten(const OrderedJson& json, const std::string& path, std::vector<std::vector<Markup>>& rows) {
  if (!json.is_object()) {
    if (!json.is_null()) rows.push_back({markup("{}", path), markup("<code>{}</code>", plain(json))});
    return;
  }
  for (const auto& [name, value] : json.items()) flatten(value, path.empty() ? name : path + "." + name, rows);
}

Markup settings(const std::string& title, const OrderedJson& json) {
  std::vector<std::vector<Markup>> rows;
  flatten(json, "", rows);
  if (rows.empty()) return {};
  return markup("<h3>{}</h3>{}", title, table({"Name", "Value"}, rows, 2));
}

}  // namespace

Markup section(std::string_view id, std::string_view title, std::string_view lead, const Markup& body) {
  return markup("<section id='{}'><h2>{}</h2><p class=lead>{}</p>{}</section>\n", id, title, lead, body);
}

Markup table(const std::vector<std::string>& columns, const std::vector<std::vector<Markup>>& rows,
             std::size_t numbers) {
  Markup out{"<div class=scroll><table><thead><tr>"};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    out += markup("<th scope=col{}>{}</th>", Markup{i >= numbers ? " class=number" : ""}, columns[i]);
  }
  out += {"</tr></thead><tbody>"};
  for (const auto& row : rows) {
    out += {"<tr>"};
    for (std::size_t i = 0; i < row.size(); ++i)
      out += markup("<td{}>{}</td>", Markup{i >= numbers ? " class=number" : ""}, row[i]);
    out += {"</tr>"};
  }
  return out += {"</tbody></table></div>"};
}

Markup bar(double share, std::string_view style) {
  const double length = std::clamp(share, 0.0, 1.0) * 100;
  return markup("<div class=bar>{}<i><i class='{}' style='width:{:.1f}%'></i></i></div>", percent(share), style,
                share >= 0 ? length : 0.0);
}

Markup precision_section(const Report& report) {
  if (report.precision_checks.empty()) return {};
  std::vector<std::vector<Markup>> rows;
  for (const PrecisionCheck& check : report.precision_checks) {
    rows.push_back({markup("<b>{}</b>", name_of(check.precision)), markup("{}", passes(check) ? "passed" : "failed"),
                    markup("{}", percent(check.agreement, 2)), markup("{}", percent(check.accuracy)),
                    markup("{}", percent(check.fp32_accuracy)), markup("{}", grouped(check.images))});
  }
  const std::string lead = text("The model answers in ", name_of(report.precision),
                                ". A faster precision than fp32 is taken where it names the same label on at least ",
                                100 * kLeastAgreement, " % of validation images and is right on at most ",
                                100 * kMostAccuracyLost, " points fewer, but for one image.");
  return section("precision", "Precision", lead,
                 table({"Precision", "Check", "Same label as fp32", "Right", "Right in fp32", "Images"}, rows, 2));
}

Markup scan_section(const Report& report) {
  std::vector<std::vector<Markup>> rows;
  for (const ScanFinding& finding : report.scan) {
    rows.push_back({markup("{}", finding.what), markup("{}", grouped(finding.images)), example_list(finding.examples)});
  }
  const Markup body =
      rows.empty() ? markup("<p>Nothing stood out.</p>") : table({"Finding", "Images", "Examples"}, rows, 3);
  std::string lead = "What was found in the images before training.";
  if (report.splits.is_object() && !report.splits.empty()) {
    lead += " Images of each split:";
    for (const auto& [name, count] : report.splits.items())
      lead += " " + name + " " + (count.is_number_integer() ? grouped(count) : plain(count)) + ",";
    lead.back() = '.';
  }
  return section("scan", "Data", lead, body);
}

Markup time_section(const Report& report) {
  const double total =
      std::accumulate(report.time.begin(), report.time.end(), 0.0,
                      [](double sum, const TimeSpent& spent) { return sum + std::max(spent.seconds, 0.0); });
  if (!(total > 0)) return {};
  Markup strip, list;
  for (std::size_t i = 0; i < report.time.size(); ++i) {
    const TimeSpent& spent = report.time[i];
    const double share = std::max(spent.seconds, 0.0) / total;
    const std::size_t colour = i % 8 + 1;
    strip += markup("<i class=t{} style='width:{:.2f}%' title='{}'></i>", colour, share * 100,
                    spent.phase + ", " + duration(spent.seconds));
    list += markup("<li><i class=t{}></i>{} <b>{}</b> <small>{}</small></li>", colour, spent.phase,
                   duration(spent.seconds), percent(share, 0));
  }
  return section("time", "Time", "The whole took " + duration(total) + ".",
                 markup("<div class=strip aria-hidden=true>{}</div><ul class=legend>{}</ul>", strip, list));
}

Markup settings_section(const Report& report) {
  Markup body;
  for (const RunSummary& run : report.runs) body += settings(run.name, run.settings);
  body += settings("Where it comes from", report.provenance);
  if (body.text.empty()) return {};
  return markup(
      "<section id=settings><details><summary><h2>Settings and provenance</h2></summary>{}</details></section>\n",
      body);
}

}  // namespace graft
