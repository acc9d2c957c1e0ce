// Numbers as text: a dash where there is none, and two digits of an uncertainty at least.
const number = (x, digits) => (Number.isFinite(x) ? x.toFixed(digits) : "–");
const energy = (x) => (Number.isFinite(x) ? `${x.toFixed(3)} MeV` : "–");
const spread = (x, sd) => {
  const digits = sd > 0 ? Math.min(9, Math.max(3, 1 - Math.floor(Math.log10(sd)))) : 3;
  return Number.isFinite(x) ? `${number(x, digits)} ± ${number(sd, digits)} MeV` : "–";
};
