// SPDX-License-Identifier: MIT
#include "experiments/support/panel_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "datasets/text.h"
#include "experiments/support/figure.h"

namespace leaveout {
namespace {

constexpr double kPoint = 1.0 / 72.0, kSize = 8.0 * kPoint;

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Helvetica's widths in units of the size.
double letter_width(char c) {
  constexpr std::string_view thin = "ijl'|", narrow = " .,:;!/\\tfI[]", small = "r()-{}`\"*",
                             wide = "mMW%@", plain_capital = "FLTZJ";
  if (static_cast<unsigned char>(c) < 0x20 || narrow.find(c) != thin.npos) return 0.28;
  if (thin.find(c) != thin.npos) return 0.22;
  if (small.find(c) != thin.npos) return 0.35;
  if (wide.find(c) != thin.npos) return 0.88;
  if (plain_capital.find(c) != thin.npos) return 0.58;
  if ((c >= 'A' && c <= 'Z') || c == 'w') return 0.72;
  return 0.556;
}

}  // namespace

double text_width(const std::string& text) {
  double width = 0.0;
  for (const char c : text) width += continues(c) ? 0.0 : letter_width(c);
  return kSize * width;
}

std::string fit_text(const std::string& text, double inches) {
  const std::string plain = plain_text(text);
  if (text_width(plain) <= inches) return plain;
  std::size_t bytes = plain.size();
  while (bytes > 4 && text_width(printable(plain, bytes)) > inches) --bytes;
  return printable(plain, bytes);
}

std::string enhanced_text(const std::string& text) {
  std::string result;
  for (const char c : plain_text(text)) {
    if (std::string_view("^_{}@&~\\").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

Markup power_text(int exponent) {
  return {fmt::format("10^{{{}}}", exponent),
          text_width("10") + 0.75 * text_width(fmt::format("{}", exponent))};
}

Markup scientific_text(double value) {
  // Through the digits of the number: 3e-5 / 10^-5 is not 3.
  const std::string digits = fmt::format("{:.5e}", value);
  const std::size_t e = digits.find('e');
  const Markup power = power_text(std::stoi(digits.substr(e + 1)));
  const std::string factor = fmt::format("{:g}", std::stod(digits.substr(0, e)));
  if (factor == "1") return power;
  return {factor + "×" + power.text, text_width(factor + "×") + power.width};
}

std::vector<LegendEntry> legend_layout(const std::vector<std::string>& names, double inches) {
  constexpr double gap = 0.16;
  std::vector<double> widths;
  for (const std::string& name : names) widths.push_back(kLegendSample + text_width(name) + gap);
  // Fewer columns until the widest entries of all columns fit side by side.
  for (std::size_t columns = std::max<std::size_t>(1, names.size());; --columns) {
    std::vector<double> column(columns, 0.0);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      column[i % columns] = std::max(column[i % columns], widths[i]);
    }
    double total = -gap;
    for (const double width : column) total += width;
    if (total > inches && columns > 1) continue;
    std::vector<LegendEntry> entries(names.size());
    double x = 0.0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i % columns == 0) x = 0.0;
      entries[i] = {static_cast<int>(i / columns), x};
      x += column[i % columns];
    }
    return entries;
  }
}

}  // namespace leaveout
