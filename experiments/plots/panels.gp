# A figure of panels: NAME.{svg,pdf,png}.
#
#     gnuplot -e "plots='experiments/plots'; dir='DATA'; out='FIGURES'; name='NAME'" experiments/plots/panels.gp
#
# DATA holds two files that the program writes (experiments/support/panel_figure.h):
#
#   NAME.csv         x_at,y_at,low_at,high_at,mark,bar,x,y,low,high,panel_index,series_index,panel,series
#                    the four _at are fractions of the panel, empty where there is nothing to draw; mark: 0 none, 1 point,
#                    2 in the strip below the axis; bar: 0 none, 1 with an upper cap only, 2 whole; then the numbers as
#                    they were given. Blocks parted by two empty lines are series, an empty line breaks a line
#   NAME_labels.gp   sizes, axes, words and the legend, as gnuplot arrays
#
# Everything is placed by the program; this script only draws.

load plots.'/style.gp'
load dir.'/'.name.'_labels.gp'

# Taken as a header the first line of every block would be lost; as data the file's first line has no numbers.
unset datafile columnheaders
data = dir.'/'.name.'.csv'

# Styles as the program counts them: points, line, line_points, dashed, dotted, band.
band = 5
has_line(style) = style != 0
has_points(style) = style == 0 || style == 2
dash(style) = style == 3 ? ' dashtype (12,7)' : style == 4 ? ' dashtype (3,5)' : ''
# Triangles and diamonds look smaller than circles and squares.
mark_size(k) = series_point[k] == 7 || series_point[k] == 5 || series_point[k] == 6 || series_point[k] == 4 ? 0.55 : 0.7

screen_at(x, y) = sprintf('screen %.6f, screen %.6f', x / width, y / height)
graph_at(x, y) = sprintf('graph %.6f, graph %.6f', x, y)
segment(tag, from, to, look) = sprintf('set arrow %d from %s to %s nohead %s', tag, from, to, look)
coloured(k, w) = sprintf("linewidth %g linecolor rgb '%s'", w, series_colour[k])
tag = 0

# --------------------------------------------------------------------------------- what stands outside the panels

legend_line(i) = segment(tag + 1, screen_at(legend_x[i], legend_y[i]), screen_at(legend_x[i] + 0.24, legend_y[i]), coloured(legend_colour[i], 1.3).dash(legend_style[i]))
legend_point(i) = sprintf("set label %d '' at %s point pointtype %d pointsize %g linecolor rgb '%s'", tag + 2, screen_at(legend_x[i] + 0.12, legend_y[i]), series_point[legend_colour[i]], mark_size(legend_colour[i]) + 0.15, series_colour[legend_colour[i]])
legend_band(i) = sprintf("set object %d rectangle from %s to %s fillstyle transparent solid 0.2 noborder fillcolor rgb '%s'", tag + 1, screen_at(legend_x[i], legend_y[i] - 0.045), screen_at(legend_x[i] + 0.24, legend_y[i] + 0.045), series_colour[legend_colour[i]])

# ------------------------------------------------------------------------------------------- parts of a plot command

block(i) = sprintf(', data index %d ', drawn_block[i])
draw_band(i) = block(i).sprintf("using 1:3:4 notitle with filledcurves fillstyle transparent solid 0.2 noborder fillcolor rgb '%s'", series_colour[drawn_colour[i]])
draw_line(i) = block(i).'using 1:2 notitle with lines '.coloured(drawn_colour[i], 1.2).dash(drawn_style[i])
draw_bars(i) = block(i).sprintf('using ($6 == 2 ? $1 : NaN):3:(0):($4 - $3) notitle with vectors arrowstyle %d', drawn_colour[i]).\
               block(i).sprintf('using ($6 == 1 ? $1 : NaN):3:(0):($4 - $3) notitle with vectors arrowstyle %d', drawn_colour[i] + 8)
draw_points(i) = block(i).sprintf("using ($5 == 1 ? $1 : NaN):2 notitle with points pointtype %d pointsize %g linecolor rgb '%s'", series_point[drawn_colour[i]], mark_size(drawn_colour[i]), series_colour[drawn_colour[i]]).\
                 block(i).sprintf("using ($5 == 2 ? $1 : NaN):2 notitle with points pointtype 10 pointsize 0.7 linecolor rgb '%s'", series_colour[drawn_colour[i]])

do for [kind in formats] {
  eval open_figure(kind, name, width, height)
  set multiplot
  do for [p = 1:panel_rows] {
    unset label
    unset arrow
    unset object
    tag = 0
    if (p == 1) {
      do for [i = 1:legend_rows] {
        if (legend_style[i] == band) { eval legend_band(i) }
        if (has_line(legend_style[i])) { eval legend_line(i) }
        if (has_points(legend_style[i])) { eval legend_point(i) }
        eval sprintf('set label %d legend_name[%d] noenhanced at %s left', tag + 1, i, screen_at(legend_x[i] + 0.30, legend_y[i]))
        tag = tag + 3
      }
      do for [i = 1:footnote_rows] {
        eval sprintf('set label %d footnote_words[%d] noenhanced at %s left', tag + 1, i, screen_at(0.05, footnote_y[i]))
        tag = tag + 1
      }
    }
    set lmargin at screen panel_x[p] / width
    set rmargin at screen (panel_x[p] + panel_width) / width
    set bmargin at screen panel_y[p] / height
    set tmargin at screen (panel_y[p] + panel_height) / height
    eval sprintf('set label %d panel_title[%d] noenhanced at %s center', tag + 1, p, screen_at(panel_x[p] + 0.5 * panel_width, panel_y[p] + panel_height + 0.10))
    eval sprintf('set label %d panel_x_label[%d] at %s center', tag + 2, p, screen_at(panel_x[p] + 0.5 * panel_width, panel_x_label_y[p]))
    eval sprintf('set label %d panel_y_label[%d] at %s center rotate by 90', tag + 3, p, screen_at(panel_y_label_x[p], panel_y[p] + 0.5 * panel_height))
    tag = tag + 3

    # ------------------------------------------------------------------------------------------------- one panel

    set xrange [0:1]
    set yrange [0:1]
    # Categories are names and have no marks; numbers are in enhanced markup.
    if (panel_categories[p]) {
      if (panel_rotated[p]) {
        set xtics noenhanced scale 0 rotate by 40 right offset 0.6,0.2 ()
      } else {
        set xtics noenhanced scale 0 norotate center offset 0,0.3 ()
      }
    } else {
      set xtics enhanced scale 0.5, 0.25 norotate center offset 0,0.3 ()
    }
    set ytics enhanced scale 0.5, 0.25 offset 0.4,0 ()
    do for [i = 1:x_tick_rows] {
      if (x_tick_panel[i] == p) { set xtics add (x_tick_text[i] x_tick_at[i] x_tick_level[i]) }
    }
    do for [i = 1:y_tick_rows] {
      if (y_tick_panel[i] == p) { set ytics add (y_tick_text[i] y_tick_at[i] y_tick_level[i]) }
    }
    if (panel_x_strip[p] > 0) {
      # The axis is broken in front of its logarithmic part.
      at = 0.85 * panel_x_strip[p]
      half = 0.02 / panel_width
      up = 0.05 / panel_height
      eval segment(tag + 1, graph_at(at - half, 0), graph_at(at + half, 0), "linewidth 2.5 linecolor rgb 'white' front")
      eval segment(tag + 2, graph_at(at - 2 * half, -up), graph_at(at, up), 'linewidth 0.7 linecolor rgb frame front')
      eval segment(tag + 3, graph_at(at, -up), graph_at(at + 2 * half, up), 'linewidth 0.7 linecolor rgb frame front')
      tag = tag + 3
    }
    if (panel_y_strip[p] > 0) {
      eval segment(tag + 1, graph_at(0, panel_y_strip[p]), graph_at(1, panel_y_strip[p]), 'linewidth 0.6 dashtype 3 linecolor rgb grey back')
      tag = tag + 1
    }
    do for [i = 1:line_rows] {
      if (line_panel[i] != p) { continue }
      if (line_x[i] == line_to_x[i] && line_y[i] == line_to_y[i]) {
        eval sprintf("set label %d '' at %s point pointtype 3 pointsize 0.9 linewidth 1.2 linecolor rgb black front", tag + 1, graph_at(line_x[i], line_y[i]))
      } else {
        eval segment(tag + 1, graph_at(line_x[i], line_y[i]), graph_at(line_to_x[i], line_to_y[i]), 'linewidth 1 dashtype (7,6) linecolor rgb grey back')
      }
      tag = tag + 1
    }
    do for [i = 1:leader_rows] {
      if (leader_panel[i] != p) { continue }
      eval segment(tag + 1, graph_at(leader_x[i], leader_y[i]), graph_at(leader_to_x[i], leader_to_y[i]), 'linewidth 0.6 linecolor rgb frame front')
      tag = tag + 1
    }
    do for [i = 1:text_rows] {
      if (text_panel[i] != p) { continue }
      eval sprintf('set label %d text_words[%d] noenhanced at %s %s textcolor rgb frame front', tag + 1, i, graph_at(text_x[i], text_y[i]), text_side[i])
      tag = tag + 1
    }
    # One command for all series: bands first, then lines, bars, and points on top.
    draw = 'plot NaN notitle'
    do for [layer = 1:4] {
      do for [i = panel_first[p]:panel_last[p]] {
        if (layer == 1 && drawn_style[i] == band) { draw = draw.draw_band(i) }
        if (layer == 2 && has_line(drawn_style[i])) { draw = draw.draw_line(i) }
        if (layer == 3 && drawn_style[i] != band) { draw = draw.draw_bars(i) }
        if (layer == 4) { draw = draw.draw_points(i) }
      }
    }
    eval draw
  }
  unset multiplot
  unset output
}
