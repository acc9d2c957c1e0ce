// Once the page is there: the nucleus of the address, and fingers that scroll.
if (matchMedia("(pointer: coarse)").matches) {
  for (const plot of plots) {
    for (const tool of plot.toolbar.tools) {
      if (tool.type === "PanTool" || tool.type === "WheelZoomTool") {
        tool.active = false;
      }
    }
    // What fingers may do is settled by bokeh before the tools are off: it has to look again.
    setTimeout(() => plot.toolbar.active_changed.emit(), 0);
  }
}
show.execute(show);
addEventListener("hashchange", () => show.execute(show));
