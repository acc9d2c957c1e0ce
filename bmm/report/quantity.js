// Paints the chart with the quantity that was chosen, in the colours of its kind.
const name = choose.value;
const kind = kinds[name];
const values = source.data[name];
const grid = painted.data.image[0];
const width = grid.shape[1];
const least = (numbers) => numbers.reduce((a, b) => Math.min(a, b), Infinity);
const first_Z = least(source.data.Z), first_N = least(source.data.N);
grid.fill(NaN);
for (let i = 0; i < values.length; i++) {
  grid[(source.data.Z[i] - first_Z) * width + source.data.N[i] - first_N] = values[i];
}
if (name in limits) {
  const mapper = mappers[kind];
  [mapper.low, mapper.high] = limits[name];
  if (kind === "linear") {
    mapper.palette = palettes[name === diverging ? "diverging" : "plain"];
  }
  bars[kind].title = names[name];
}
for (const [each, image] of Object.entries(images)) {
  image.visible = each === kind;
}
for (const [each, bar] of Object.entries(bars)) {
  bar.visible = each === kind;
}
key.visible = kind === "models";
source.data = {...source.data, value: values};
painted.change.emit();
