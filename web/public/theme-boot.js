// Runs before first paint so that the stored theme never flashes; a separate file keeps the CSP free of inline script.
(function () {
  var root = document.documentElement;
  var theme = "system";
  var density = "auto";
  try {
    theme = localStorage.getItem("velo.theme") || theme;
    density = localStorage.getItem("velo.density") || density;
  } catch (e) {
    // Storage can be switched off; the defaults are fine.
  }
  var light = theme === "light" || (theme === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  var coarse = matchMedia("(pointer: coarse)").matches;
  root.dataset.theme = light ? "light" : "dark";
  root.dataset.density = density === "auto" ? (coarse ? "comfortable" : "compact") : density;
})();
