// Shows one nucleus: its numbers, its predictive density and its isotopic chain.
// It may have been clicked, searched for, or named in the address.
const all = source.data;
const plain = (text) => text.toLowerCase().replace(/[\s-]/g, "");
const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const turned = (text) => plain(text).replace(/^(\d+)([a-z]+)$/, "$2$1");
const i = find();
if (i === null || picked.data.label[0] === all.label[i]) {
  return;
}

function find() {
  if (cb_obj === source.selected) {
    return source.selected.indices.length ? source.selected.indices[0] : null;
  }
  const asked = cb_obj === search ? search.value : decodeURIComponent(location.hash.slice(1));
  const row = asked ? all.label.findIndex((label) => plain(label) === turned(asked)) : -1;
  if (row >= 0) {
    return row;
  }
  if (cb_obj === search) {
    if (asked) {
      details.text = `<p role="status"><b>${escaped(asked)}</b> is not on the ` +
        `chart; try a name such as ${info.start}.</p>`;
      picked.data = {N: [], Z: [], label: []};
    }
    return null;
  }
  return picked.data.label.length ? null : all.label.indexOf(info.start);
}

const name = all.label[i], Z = all.Z[i], N = all.N[i];
picked.data = {N: [N], Z: [Z], label: [name]};
if (cb_obj === search || cb_obj === source.selected) {
  location.hash = "#" + name;
}
const named = cb_obj !== search && cb_obj !== source.selected &&
  plain(name) === turned(decodeURIComponent(location.hash.slice(1)));
if (named) {
  reveal();
}
const at = new Map(Array.from(all.Z, (z, k) => [z * 1000 + all.N[k], k]));
const row = (z, n) => at.get(z * 1000 + n);
write_details();
draw_density();
draw_chain();

// A link, or the address, has named this nucleus: its panel is brought into view.
function reveal() {
  const section = document.querySelector(".interactive");
  const shown = section && section.querySelector(".details");
  const top = shown ? shown.getBoundingClientRect().top : 0;
  if (shown && (top < 0 || top > 0.7 * innerHeight)) {
    (innerWidth > 1000 ? section : shown).scrollIntoView({block: "start"});
  }
}

function write_details() {
  const line = (key, value) => `<tr><th scope="row">${key}</th><td>${value}</td></tr>`;
  const known = Number.isFinite(all.measured[i]);
  const separation = (key) => {
    const q = "S_" + key;
    return line(`S<sub>${key}</sub>`, spread(all[q + "_median"][i], all[q + "_sd"][i]));
  };
  const weights = info.models
    .map((model) => [model, all["weight_" + model][i]])
    .filter(([, w]) => w >= 0.01)
    .sort((a, b) => b[1] - a[1])
    .map(([model, w]) => `${w.toFixed(2)} ${escaped(model)}`)
    .join("<br>");
  const neighbours = [[0, -1], [0, 1], [-1, 0], [1, 0]]
    .map(([dZ, dN]) => row(Z + dZ, N + dN))
    .filter((k) => k !== undefined)
    .map((k) => `<a href="#${all.label[k]}">${all.label[k]}</a>`)
    .join(" · ");
  details.text =
    `<div role="status"><p style="margin:0;font-size:1.3em;font-weight:650">${name}</p>` +
    `<p style="margin:0 0 .5em">Z = ${Z}, N = ${N}</p>` +
    `<table style="border-spacing:.5em .15em;margin-left:-.5em;text-align:left">` +
    line("measured", energy(all.measured[i])) +
    line(known && info.left_out ? "predicted without it" : "predicted", spread(all.mean[i], all.sd[i])) +
    line("68 % interval", `${number(all.lower_68[i], 3)} to ${number(all.upper_68[i], 3)} MeV`) +
    (known ? line("predicted − measured", energy(all.residual[i])) : "") +
    ["1n", "2n", "1p", "2p"].map(separation).join("") +
    line("exists", Number.isFinite(all.existence[i]) ? `${number(100 * all.existence[i], 1)} %` : "–") +
    line("weights", weights) + line("neighbours", neighbours) + "</table></div>";
}

function draw_density() {
  const curves = info.curves, points = curves.points;
  const curve = (values, row) => Array.from({length: points}, (_, j) => values[row * points + j]);
  const nothing = new Array(points).fill(NaN);
  const data = {x: curve(curves.x, i), total: curve(curves.total, i)};
  curves.parts.forEach((values, k) => {
    const row = curves.rows[k][i];
    data["part_" + k] = row >= 0 ? curve(values, row) : nothing;
  });
  data.known = nothing.slice();
  data.height = nothing.slice();
  if (Number.isFinite(all.measured[i])) {
    data.known[0] = data.known[1] = all.measured[i];
    data.height[0] = 0;
    data.height[1] = Math.max(...data.total);
  }
  density.data = data;
  density_title.text = `${name}: predictive density`;
}

function draw_chain() {
  const members = [];
  for (let k = 0; k < all.Z.length; k++) {
    if (all.Z[k] === Z) {
      members.push(k);
    }
  }
  members.sort((a, b) => all.N[a] - all.N[b]);
  const difference = (column) => members.map((k) => {
    const before = row(Z, all.N[k] - 2);
    return before === undefined ? NaN : all[column][before] - all[column][k] + 2 * info.neutron;
  });
  const take = (column) => members.map((k) => all[column][k]);
  const data = {N: take("N"), label: take("label"), known: difference("measured")};
  info.all_models.forEach((_, k) => (data["model_" + k] = difference("model_" + k)));
  for (const key of ["median", "sd", "lower_68", "upper_68", "lower_95", "upper_95", "lower_99.7", "upper_99.7"]) {
    data[key] = take("S_2n_" + key);
  }
  data.existence = take("existence");
  chain.data = data;
  const value = all.S_2n_median[i];
  chain_here.data = Number.isFinite(value) ? {N: [N], S_2n: [value]} : {N: [], S_2n: []};
  chain_title.text = `Isotopes of ${name.split("-")[0]}`;
}
