// SPDX-License-Identifier: MIT
#pragma once

// Figures are CSV files drawn by gnuplot into SVG, PDF and PNG; the scripts are in
// experiments/plots/, and what a script reads is said at its top.
//
// Law: numbers never need gnuplot. Where it is missing or fails, one line on stderr says so and the
// program goes on. Equal data give equal bytes: no PDF says when it was drawn.
//
//   bool drawn = draw_figure("decomposition", folder, folder);
//
// The script gets four variables: `plots` (its own folder), `dir` (the data), `out` (the figures),
// and `name`, for a script that draws more than one figure.

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>

namespace leaveout {

/// The folder experiments/plots, found upwards from the working directory, then from the program.
std::optional<std::filesystem::path> plots_folder();

/// Draws experiments/plots/SCRIPT.gp from the data in `data` into `figures`, which exists. Returns
/// false, after one line on `messages`, where gnuplot or the script is missing or gnuplot fails.
bool draw_figure(const std::string& script,
                 const std::filesystem::path& data,
                 const std::filesystem::path& figures,
                 std::FILE* messages = stderr,
                 const std::string& name = {});

/// `text` in one line and without double quotes, which gnuplot's reader of CSV does not know.
std::string plain_text(const std::string& text);

/// `text` as a string constant of the gnuplot language, the same whatever quotes are in it.
std::string gnuplot_string(const std::string& text);

}  // namespace leaveout
