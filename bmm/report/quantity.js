// Paints the chart with the quantity that was chosen.
const values = source.data[this.value];
const grid = painted.data.image[0];
const width = grid.shape[1];
const least = (numbers) => numbers.reduce((a, b) => Math.min(a, b), Infinity);
const first_Z = least(source.data.Z), first_N = least(source.data.N);
grid.fill(NaN);
for (let i = 0; i < values.length; i++) {
  grid[(source.data.Z[i] - first_Z) * width + source.data.N[i] - first_N] = values[i];
}
mapper.palette = palettes[this.value === diverging ? "diverging" : "plain"];
[mapper.low, mapper.high] = limits[this.value];
bar.title = names[this.value];
source.data = {...source.data, value: values};
painted.change.emit();
