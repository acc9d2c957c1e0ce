// Shows one nucleus: its row, its predictive density and its isotopic chain.
// It may have been clicked, searched for, or named in the address.
const all = source.data;
const i = find();
if (i === null) {
  return;
}

function find() {
  let wanted = null;
  if (cb_obj === search) {
    wanted = search.value;
  } else if (cb_obj === source.selected) {
    return source.selected.indices.length ? source.selected.indices[0] : null;
  } else {
    wanted = decodeURIComponent(window.location.hash.slice(1)) || info.start;
  }
  const plain = (text) => text.toLowerCase().replace(/[\s-]/g, "");
  const turned = (text) => plain(text).replace(/^(\d+)([a-z]+)$/, "$2$1");
  const target = turned(wanted);
  for (let k = 0; k < all.label.length; k++) {
    if (plain(all.label[k]) === target) {
      return k;
    }
  }
  if (cb_obj === search && wanted) {
    details.text = `<p role="status"><b>${wanted.replace(/[<>&]/g, "")}</b> is not on the chart; ` +
      `try a name such as ${info.start}.</p>`;
  }
  return null;
}

const name = all.label[i];
picked.data = {N: [all.N[i]], Z: [all.Z[i]]};
if (window.location.hash !== "#" + name) {
  window.history.replaceState(null, "", "#" + name);
}

const number = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits) : "–");
const weights = info.models
  .map((model) => [model, all["weight_" + model][i]])
  .filter(([, w]) => w >= 0.01)
  .sort((a, b) => b[1] - a[1])
  .map(([model, w]) => `${w.toFixed(2)} ${model}`)
  .join(", ");
details.text =
  `<h3>${name}</h3><p>Z = ${all.Z[i]}, N = ${all.N[i]}</p>` +
  `<p>mass excess ${number(all.mean[i], 3)} ± ${number(all.sd[i], 3)} MeV` +
  (Number.isFinite(all.measured[i])
    ? `; measured ${number(all.measured[i], 3)} MeV`
    : "; not measured") +
  `</p><p>S<sub>1n</sub> ${number(all.S_1n[i], 2)}, S<sub>2n</sub> ${number(all.S_2n[i], 2)}, ` +
  `S<sub>1p</sub> ${number(all.S_1p[i], 2)}, S<sub>2p</sub> ${number(all.S_2p[i], 2)} MeV</p>` +
  `<p>weights: ${weights}</p>`;

const shape = (z) =>
  info.nu > 0
    ? info.constant * Math.pow(1 + (z * z) / info.nu, -0.5 * (info.nu + 1))
    : info.constant * Math.exp(-0.5 * z * z);
const count = info.components.length;
const centres = [], shares = [], scales = [], names = [];
for (let k = 0; k < count; k++) {
  const w = all["share_" + k][i], m = all["centre_" + k][i];
  if (w > 0.005 && Number.isFinite(m)) {
    centres.push(m);
    shares.push(w);
    scales.push(all["scale_" + k][i]);
    names.push(info.components[k]);
  }
}
let low = all.mean[i] - 4 * all.sd[i], high = all.mean[i] + 4 * all.sd[i];
if (Number.isFinite(all.measured[i])) {
  low = Math.min(low, all.measured[i] - 0.5 * all.sd[i]);
  high = Math.max(high, all.measured[i] + 0.5 * all.sd[i]);
}
const points = 301, x = [], total = [];
const xs = names.map(() => []), ys = names.map(() => []);
for (let j = 0; j < points; j++) {
  const y = low + ((high - low) * j) / (points - 1);
  let sum = 0;
  for (let k = 0; k < names.length; k++) {
    const p = (shares[k] * shape((y - centres[k]) / scales[k])) / scales[k];
    xs[k].push(y);
    ys[k].push(p);
    sum += p;
  }
  x.push(y);
  total.push(sum);
}
density.data = {x: x, y: total};
parts.data = {xs: xs, ys: ys, name: names, colour: names.map((n) => info.colours[n])};
const top = Math.max(...total);
known.data = Number.isFinite(all.measured[i])
  ? {x: [all.measured[i], all.measured[i]], y: [0, top]}
  : {x: [], y: []};

const members = [];
for (let k = 0; k < all.Z.length; k++) {
  if (all.Z[k] === all.Z[i] && Number.isFinite(all.S_2n[k])) {
    members.push(k);
  }
}
members.sort((a, b) => all.N[a] - all.N[b]);
chain.data = {
  N: members.map((k) => all.N[k]),
  S_2n: members.map((k) => all.S_2n[k]),
  label: members.map((k) => all.label[k]),
};
chain_here.data = Number.isFinite(all.S_2n[i])
  ? {N: [all.N[i]], S_2n: [all.S_2n[i]]}
  : {N: [], S_2n: []};
