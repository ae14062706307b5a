# The look shared by every figure: fonts, colours, frames, and one function per output format.
#
# A script sets `plots` (this folder), `dir` (where its data lie) and `out` (where figures go), says
#     load plots.'/style.gp'
#     do for [kind in formats] { eval open_figure(kind, 'gaps', 6.75, 2.6); ...; unset output }
# Sizes are in inches: 3.25 for one column of a paper, 6.75 for two. Text is 8 pt in every format.

set encoding utf8
set datafile separator comma
set datafile columnheaders

formats = 'svg pdf png'

# Okabe and Ito's colours, told apart by colour-blind readers and in grey print.
black     = '#000000'
orange    = '#E69F00'
sky       = '#56B4E9'
green     = '#009E73'
yellow    = '#F0E442'
blue      = '#0072B2'
vermilion = '#D55E00'
purple    = '#CC79A7'
grey      = '#999999'
faint     = '#D9D9D9'
frame     = '#404040'

# pdfcairo draws a font of size s at s * fontscale / 0.75 points, pngcairo at 72 dots per inch, svg in
# pixels of 1/96 inch: these three lines give the same 8 pt, line widths and point sizes on paper.
dpi = 300.0
svg_terminal(w, h) = sprintf("set terminal svg enhanced size %.0f,%.0f font 'Liberation Sans,10.67' background rgb 'white'", 96 * w, 96 * h)
pdf_terminal(w, h) = sprintf("set terminal pdfcairo enhanced size %gin,%gin font 'Liberation Sans,8' fontscale 0.75 linewidth 1.5 pointscale 0.75 background rgb 'white'", w, h)
png_terminal(w, h) = sprintf("set terminal pngcairo enhanced size %.0f,%.0f font 'Liberation Sans,8' fontscale %g linewidth %g pointscale %g background rgb 'white'", dpi * w, dpi * h, dpi / 96, dpi / 96, dpi / 96)

quoted(text) = "'".text."'"
terminal(kind, w, h) = kind eq 'svg' ? svg_terminal(w, h) : kind eq 'pdf' ? pdf_terminal(w, h) : png_terminal(w, h)
open_figure(kind, name, w, h) = terminal(kind, w, h).'; set output out.'.quoted('/'.name.'.'.kind)

set border 3 linewidth 0.7 linecolor rgb frame
set tics nomirror out scale 0.5, 0.25 textcolor rgb black
unset key

# Series 1 to 8: colour and point type.
array series_colour[8] = [blue, vermilion, green, purple, orange, sky, black, yellow]
array series_point[8] = [7, 5, 9, 13, 11, 6, 4, 8]

# Error bars are vectors with flat heads, from mean - error to mean + error: yerrorbars would paint
# a white disc behind every point.
# Style i has caps at both ends, style 8 + i at the upper end only (the lower one leaves the frame).
do for [i = 1:8] {
  set style arrow i heads size screen 0.0035,90 linewidth 0.9 linecolor rgb series_colour[i]
  set style arrow 8 + i head size screen 0.0035,90 linewidth 0.9 linecolor rgb series_colour[i]
}
