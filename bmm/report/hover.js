// The chosen quantity of a nucleus, with its unit.
const found = source.data.value[special_vars.index];
if (!Number.isFinite(found)) {
  return "–";
}
return choose.value === best ? models[found] : found.toPrecision(4) + (units[choose.value] || "");
