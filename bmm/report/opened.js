// Once the page is there: the nucleus of the address, and fingers that scroll.
if (matchMedia("(pointer: coarse)").matches) {
  for (const plot of plots) {
    for (const tool of plot.toolbar.tools) {
      if (tool.type === "PanTool" || tool.type === "WheelZoomTool") {
        tool.active = false;
      }
    }
  }
}
show.execute(show);
addEventListener("hashchange", () => show.execute(show));
