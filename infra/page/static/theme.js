// Runs before the first paint, so that a chosen theme does not flash.
(() => {
  "use strict";
  const KEY = "earshot-theme";
  const root = document.documentElement;
  const chosen = localStorage.getItem(KEY);
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  window.earshotTheme = {
    toggle() {
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      localStorage.setItem(KEY, root.dataset.theme);
      document.dispatchEvent(new CustomEvent("earshot:theme"));
    },
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new CustomEvent("earshot:theme")));
})();
