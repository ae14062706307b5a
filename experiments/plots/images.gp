# A figure of small grey images: NAME.{svg,pdf,png}.
#
#     gnuplot -e "plots='experiments/plots'; dir='DATA'; out='FIGURES'; name='NAME'" experiments/plots/images.gp
#
# DATA holds two files that the program writes (experiments/support/image_grid.h):
#
#   NAME.csv         x_low,x_high,y_low,y_high,colour: rectangles in inches from the lower left corner, drawn in their
#                    order; colour: 65536 red + 256 green + blue
#   NAME_labels.gp   sizes, words with their places, and the images' frames, as gnuplot arrays

load plots.'/style.gp'
load dir.'/'.name.'_labels.gp'

small_font(kind) = kind eq 'svg' ? ',9.33' : ',7'
place(x, y) = sprintf('first %.4f, first %.4f', x, y)
array frame_colour[3] = [faint, vermilion, blue]
array frame_width[3] = [0.6, 1.8, 1.8]

do for [kind in formats] {
  eval open_figure(kind, name, width, height)
  unset border
  unset tics
  set lmargin at screen 0
  set rmargin at screen 1
  set bmargin at screen 0
  set tmargin at screen 1
  set xrange [0:width]
  set yrange [0:height]
  do for [i = 1:word_rows] {
    eval sprintf("set label %d words[%d] noenhanced at %s %s front %s", i, i, place(word_x[i], word_y[i]), word_anchor[i] < 0 ? 'left' : 'center', word_small[i] > 0 ? sprintf("font '%s'", small_font(kind)) : '')
  }
  do for [i = 1:image_rows] {
    k = int(image_frame[i]) + 1
    eval sprintf("set object %d rectangle from %s to %s front fillstyle empty border linecolor rgb '%s' linewidth %g", i, place(image_x[i], image_y[i] - side), place(image_x[i] + side, image_y[i]), frame_colour[k], frame_width[k])
  }
  set style fill solid noborder
  plot dir.'/'.name.'.csv' using (0.5 * ($1 + $2)):(0.5 * ($3 + $4)):1:2:3:4:5 notitle with boxxyerror linecolor rgb variable
  unset output
}
