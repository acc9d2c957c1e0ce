// The chosen quantity of a nucleus, with its unit.
if (!Number.isFinite(value)) {
  return "–";
}
return choose.value === best ? models[value] : value.toPrecision(4) + (units[choose.value] || "");
