// Shortcuts; they stay out of the way of typing and of the browser's own.

const RANGES = ["range-15m", "range-1h", "range-6h", "range-24h", "range-all"];
const PAGES = { o: "nav-overview", d: "nav-dialogues", r: "nav-rewrites", p: "nav-teaching", x: "nav-dead-letters" };

function act(key) {
  if (key === "?") {
    document.getElementById("help").showModal();
  } else if (key === "t") {
    window.earshotTheme.toggle();
  } else if (key === "c") {
    const range = new URLSearchParams(location.search).get("range");
    const kept = range && range !== "custom" ? `?range=${encodeURIComponent(range)}` : "";
    location.assign(location.pathname + kept);
  } else if (key in PAGES) {
    document.getElementById(PAGES[key]).click();
  } else if (key >= "1" && key <= "5") {
    document.getElementById(RANGES[Number(key) - 1])?.click();
  } else {
    return false;
  }
  return true;
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    if (act(event.key)) event.preventDefault();
  });
  document.getElementById("help-open").addEventListener("click", () => document.getElementById("help").showModal());
  document.getElementById("theme").addEventListener("click", () => window.earshotTheme.toggle());
}
