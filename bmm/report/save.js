// Saves the table of the joint draws as a file.
const names = Object.keys(source.data);
const lines = [names.join(",")];
for (let i = 0; i < source.data[names[0]].length; i++) {
  lines.push(names.map((name) => source.data[name][i]).join(","));
}
const link = document.createElement("a");
link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], {type: "text/csv"}));
link.download = `${source.data.quantity[0] || "nuclei"}.csv`;
link.click();
URL.revokeObjectURL(link.href);
