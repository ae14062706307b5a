# The figures of the five-term decomposition: gaps.{svg,pdf,png} and scatter.{svg,pdf,png}.
#
#     gnuplot -e "plots='experiments/plots'; dir='DATA'; out='FIGURES'" experiments/plots/decomposition.gp
#
# DATA holds three files that the program writes (experiments/support/decomposition_figure.h), numbers first so that
# no name of a task can shift a column:
#
#   gaps.csv           task_index,protocol_index,gap_index,mean,standard_error,task,protocol,gap
#                      indices from 1; an undefined standard error is empty; a mean at or below
#                      `floor_value` is drawn as "below" in a strip under the logarithmic axis
#   scatter.csv        task_index,against_index,predicted,actual,task,against
#                      change in test loss on removal: the influence estimate, and the truth
#   figure_labels.gp   names, a note under each figure, axis ranges and ticks of every panel, as gnuplot arrays; panel
#                      (task t, truth a) of the scatter has index (t - 1) * truths + a

load plots.'/style.gp'
load dir.'/figure_labels.gp'

# Grid: one narrow figure for one task, else two columns for two or four tasks, three for more.
columns = tasks == 1 ? 1 : tasks == 2 || tasks == 4 ? 2 : 3
rows = (tasks + columns - 1) / columns
width = columns == 1 ? 3.25 : 6.75

# Panel margins in inches from the left and from the bottom of a figure of size width x height.
set_panel(x, y, w, h) = sprintf('set lmargin at screen %g; set rmargin at screen %g; set bmargin at screen %g; set tmargin at screen %g', x / width, (x + w) / width, y / height, (y + h) / height)
at_inches(x, y) = sprintf('at screen %g, screen %g', x / width, y / height)

# ---------------------------------------------------------------------------------------------- gaps

top = 0.46            # legend and the first row's titles
note = strlen(gaps_note) > 0 ? 0.16 : 0
bottom = 0.74 + note  # slanted names of the gaps
panel_height = 1.30
row_gap = 0.42
left = 0.66           # the shared label and the first column's tick labels
column_gap = 0.56
right = 0.10
panel_width = (width - left - right - (columns - 1) * column_gap) / columns
height = top + bottom + rows * panel_height + (rows - 1) * row_gap
spread = 0.28         # between the protocols of one gap
shift(p) = (p - 0.5 * (protocols + 1)) * spread

array legend_x[protocols + 1]     # inches; names take about 0.06 in a letter
legend_x[1] = left
do for [p = 1:protocols] { legend_x[p + 1] = legend_x[p] + 0.35 + 0.06 * strlen(protocol_name[p]) }
gap_legend(p) = sprintf("set label %d protocol_name[%d] noenhanced %s left point pointtype %d pointsize 0.8 linecolor rgb '%s' offset character 1,0", p, p, at_inches(legend_x[p], height - 0.14), series_point[p], series_colour[p])

do for [kind in formats] {
  if (gap_rows == 0) { break }
  eval open_figure(kind, 'gaps', width, height)
  set multiplot
  do for [t = 1:tasks] {
    row = (t - 1) / columns
    column = (t - 1) % columns
    eval set_panel(left + column * (panel_width + column_gap), height - top - panel_height - row * (panel_height + row_gap), panel_width, panel_height)
    unset label
    unset arrow
    if (t == 1) {
      do for [p = 1:protocols] { eval gap_legend(p) }
      if (any_below) {
        eval sprintf("set label 11 'below 10^{%d}' %s left point pointtype 10 pointsize 0.8 linecolor rgb frame offset character 1,0", floor_exponent, at_inches(legend_x[protocols + 1], height - 0.14))
      }
      eval sprintf("set label 12 'mean distance between outputs' %s center rotate by 90", at_inches(0.10, bottom + 0.5 * (height - top - bottom)))
      eval sprintf("set label 13 gaps_note noenhanced %s left", at_inches(0.05, 0.10))
    }
    set title task_name[t] noenhanced offset 0,-0.6
    set logscale y
    set format y '10^{%L}'
    set xrange [0.5:5.5]
    set yrange [gap_low[t]:gap_high[t]]
    set ytics gap_first[t], 10.0 ** gap_decades[t], gap_high[t]
    if (gap_strip[t] > 0) {
      set ytics add (sprintf('<10^{%d}', floor_exponent) gap_strip[t])
      set arrow 21 from graph 0, first gap_first[t] to graph 1, first gap_first[t] nohead linewidth 0.6 dashtype 3 linecolor rgb grey back
    }
    # Left of this line another question is answered, right of it the same one with an error.
    set arrow 22 from 3.5, graph 0 to 3.5, graph 1 nohead linewidth 0.6 linecolor rgb faint back
    if (t + columns > tasks) {
      set xtics rotate by 40 right offset 0.6,0 ('warm start' 1, 'proximity' 2, 'non-convergence' 3, 'linearisation' 4, 'solver' 5)
    } else {
      set xtics norotate ('' 1, '' 2, '' 3, '' 4, '' 5)
    }
    mine(p) = column(1) == t && column(2) == p
    # A bar that reaches down to zero, or out of the frame, has no cap at its lower end.
    plot for [p = 1:protocols] dir.'/gaps.csv' \
           using (mine(p) && $4 > floor_value && $5 > 0 && $4 - $5 > gap_first[t] ? $3 + shift(p) : NaN):($4 - $5):(0):(2 * $5) \
           with vectors arrowstyle p, \
         for [p = 1:protocols] dir.'/gaps.csv' \
           using (mine(p) && $4 > floor_value && $5 > 0 && $4 - $5 <= gap_first[t] ? $3 + shift(p) : NaN):(gap_first[t]):(0):($4 + $5 - gap_first[t]) \
           with vectors arrowstyle p + 8, \
         for [p = 1:protocols] dir.'/gaps.csv' \
           using (mine(p) && $4 > floor_value ? $3 + shift(p) : NaN):4 \
           with points pointtype series_point[p] pointsize 0.6 linecolor rgb series_colour[p], \
         for [p = 1:protocols] dir.'/gaps.csv' \
           using (mine(p) && $4 <= floor_value ? $3 + shift(p) : NaN):(gap_strip[t]) \
           with points pointtype 10 pointsize 0.7 linecolor rgb series_colour[p]
  }
  unset multiplot
  unset output
}
unset logscale
unset label
unset arrow

# ------------------------------------------------------------------------------------------- scatter

top = 0.48
note = strlen(scatter_note) > 0 ? 0.16 : 0
bottom = 0.58 + note
panel_height = 1.45
row_gap = 0.46
left = 0.80
column_gap = 0.46
right = 0.12
panel_width = (width - left - right - (columns - 1) * column_gap) / columns
group_gap = row_gap + 0.22                        # the next tasks' titles
group_height = truths * panel_height + (truths - 1) * row_gap
height = top + bottom + rows * group_height + (rows - 1) * group_gap
times_ten(e) = e == 0 ? '' : sprintf('×10^{%d}', e)

do for [kind in formats] {
  if (truths == 0) { break }
  eval open_figure(kind, 'scatter', width, height)
  set multiplot
  do for [t = 1:tasks] {
    do for [a = 1:truths] {
      panel = (t - 1) * truths + a
      if (panel_points[panel] == 0) { continue }
      row = (t - 1) / columns
      column = (t - 1) % columns
      y = height - top - row * (group_height + group_gap) - (a - 1) * (panel_height + row_gap) - panel_height
      eval set_panel(left + column * (panel_width + column_gap), y, panel_width, panel_height)
      unset label
      unset arrow
      if (t == 1 && a == 1) {
        set arrow 31 from screen left / width, screen (height - 0.14) / height to screen (left + 0.25) / width, screen (height - 0.14) / height nohead linewidth 1 dashtype 2 linecolor rgb grey
        eval sprintf("set label 31 'predicted = actual' %s left", at_inches(left + 0.32, height - 0.14))
        eval sprintf("set label 32 'predicted change in test loss (influence)' %s center", at_inches(left + 0.5 * (width - left - right), 0.10 + note))
        eval sprintf("set label 38 scatter_note noenhanced %s left", at_inches(0.05, 0.10))
      }
      if (column == 0) {
        eval sprintf("set label 33 \"actual change\\n(\".truth_label[%d].\")\" %s center rotate by 90", a, at_inches(0.16, y + 0.5 * panel_height))
      }
      if (a == 1) { set title task_name[t] noenhanced offset 0,-0.6 } else { unset title }
      set label 34 times_ten(y_exponent[panel]) at graph -0.03, graph 1.0 + 0.14 / panel_height right
      set label 35 times_ten(x_exponent[panel]) at graph 1, graph -0.30 / panel_height right
      # Two labels and not one of two lines: the formats differ in their line spacing.
      eval 'set label 36 panel_pearson[panel] at graph text_x[panel], graph text_y[panel] front '.text_side[panel]
      eval 'set label 37 panel_spearman[panel] at graph text_x[panel], graph text_y[panel] - 0.13 / panel_height front '.text_side[panel]
      set xrange [x_low[panel]:x_high[panel]]
      set yrange [y_low[panel]:y_high[panel]]
      set xtics x_first[panel], x_step[panel], x_high[panel] norotate center offset 0,0.3
      set ytics y_first[panel], y_step[panel], y_high[panel]
      set format '%g'
      sx = 10.0 ** -x_exponent[panel]
      sy = 10.0 ** -y_exponent[panel]
      plot [x_low[panel]:x_high[panel]] x / sx * sy with lines linewidth 1 dashtype 2 linecolor rgb grey, \
           dir.'/scatter.csv' using (column(1) == t && column(2) == a ? $3 * sx : NaN):($4 * sy) \
             with points pointtype 7 pointsize 0.35 linecolor rgb series_colour[1]
    }
  }
  unset multiplot
  unset output
}
