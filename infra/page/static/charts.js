// Draws the series of the overview and keeps them current. Colours come from the stylesheet.

const FAILURES = ["false_wakes", "asr", "nlu", "entity", "result", "abstained"];
const COLUMNS = ["turns", "barge_ins", "repeats", "rephrases", "terminations", "defects", "judged", ...FAILURES];

const CHARTS = [
  { key: "turns", lines: [{ column: "turns", label: "Turns", hue: "--turns", fill: true }] },
  {
    key: "feedback", // stacked: a bar reaches as far as its own and all later columns, and is drawn before them
    stacked: true,
    lines: [
      { column: "barge_ins", label: "Barge-ins", hue: "--barge-in" },
      { column: "repeats", label: "Repeats", hue: "--repeat" },
      { column: "rephrases", label: "Rephrases", hue: "--rephrase" },
      { column: "terminations", label: "Terminations", hue: "--termination" },
    ],
  },
  {
    key: "defects",
    lines: [
      { column: "defects", label: "Defects", hue: "--defect", bars: true },
      { column: "defects", of: "turns", label: "Defect rate", hue: "--muted", percent: true },
    ],
  },
  {
    key: "failures", // only there when somebody judges turns
    lines: [
      { column: "false_wakes", of: "judged", label: "False wake", hue: "--termination", percent: true },
      { column: "asr", of: "judged", label: "ASR", hue: "--barge-in", percent: true },
      { column: "nlu", of: "judged", label: "NLU", hue: "--rephrase", percent: true },
      { column: "entity", of: "judged", label: "Entity", hue: "--repeat", percent: true },
      { column: "result", of: "judged", label: "Result", hue: "--turns", percent: true },
      { column: "abstained", of: "judged", label: "Abstained", hue: "--muted", percent: true, dashed: true },
    ],
  },
];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const whole = new Intl.NumberFormat("en");
const share = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

const pad = (number) => String(number).padStart(2, "0");
const clock = (epoch) => {
  const at = new Date(epoch * 1000);
  return `${pad(at.getUTCHours())}:${pad(at.getUTCMinutes())}`;
};
const day = (epoch) => new Date(epoch * 1000).toISOString().slice(0, 10);

const axisTimes = (_plot, splits) => {
  const days = splits.length > 1 && splits.at(-1) - splits[0] >= 86400;
  let previous = "";
  return splits.map((at) => {
    const text = days ? day(at) : clock(at);
    const shown = text === previous ? "" : text;
    previous = text;
    return shown;
  });
};

export class Charts {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(root.querySelector("#series").textContent);
    this.charts = CHARTS.filter((chart) => root.querySelector(`#chart-${chart.key}`));
    this.plots = this.charts.map((chart) => this.#draw(chart));
    this.resized = new ResizeObserver(() => this.#fit());
    this.plots.forEach((plot) => this.resized.observe(plot.root.parentElement));
    this.themed = () => this.plots.forEach((plot) => plot.redraw());
    document.addEventListener("earshot:theme", this.themed);
    this.#describe();
  }

  // `delta`: {from, to, step, t: [...], columns...}; buckets outside of from..to leave, those of `t` are put in place.
  update(delta) {
    const { t } = this.data;
    const rows = new Map(t.map((at, i) => [at, COLUMNS.map((name) => this.data[name][i])]));
    if (delta.full || delta.step !== this.data.step) rows.clear();
    delta.t.forEach((at, i) => rows.set(at, COLUMNS.map((name) => delta[name][i])));
    const first = delta.from - (delta.from % delta.step);
    const next = { step: delta.step, from: delta.from, to: delta.to, t: [] };
    COLUMNS.forEach((name) => { next[name] = []; });
    for (let at = first; at < delta.to; at += delta.step) {
      next.t.push(at);
      const held = rows.get(at);
      COLUMNS.forEach((name, c) => next[name].push(held ? held[c] : 0));
    }
    this.data = next;
    this.plots.forEach((plot, i) => plot.setData(this.#columns(this.charts[i])));
    this.#describe();
  }

  destroy() {
    this.resized.disconnect();
    document.removeEventListener("earshot:theme", this.themed);
    this.plots.forEach((plot) => plot.destroy());
  }

  #columns(chart) {
    if (chart.stacked) {
      const reach = new Array(this.data.t.length).fill(0);
      const bars = chart.lines.toReversed().map(({ column }) => {
        this.data[column].forEach((count, i) => { reach[i] += count; });
        return [...reach];
      });
      return [this.data.t, ...bars.toReversed()];
    }
    return [this.data.t, ...chart.lines.map((line) => this.#values(line))];
  }

  #values({ column, of }) {
    if (!of) return this.data[column];
    return this.data[of].map((all, i) => (all ? Math.min(1, this.data[column][i] / all) : null));
  }

  #size(box) {
    return { width: Math.max(260, box.clientWidth), height: 190 };
  }

  #fit() {
    this.plots.forEach((plot) => plot.setSize(this.#size(plot.root.parentElement)));
  }

  #draw(chart) {
    const box = this.root.querySelector(`#chart-${chart.key}`);
    const right = chart.lines.some((line) => line.percent);
    const counts = chart.lines.some((line) => !line.percent);
    const axis = { stroke: () => colour("--muted"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: () => colour("--grid"), width: 1 };
    const options = {
      ...this.#size(box),
      padding: [8, right && counts ? 0 : 10, 0, 0],
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      cursor: { sync: { key: "earshot" }, points: { size: 7, show: !chart.stacked }, y: false, drag: { x: true, y: false, setScale: false } },
      legend: { live: true },
      scales: {
        x: {
          time: true,
          range: () => [this.data.t[0] - this.data.step / 2, this.data.t.at(-1) + this.data.step / 2],
        },
        y: { range: (_plot, _low, high) => [0, Math.max(4, Math.ceil((high ?? 0) * 1.12))] },
        "%": { range: (_plot, _low, high) => [0, Math.max(0.1, Math.min(1, (high ?? 0) * 1.15))] },
      },
      axes: [
        { ...axis, grid: { show: false }, values: axisTimes, space: 64, size: 28 },
        ...(counts ? [{ ...axis, grid, size: 44, values: (_plot, splits) => splits.map((v) => (Number.isInteger(v) ? whole.format(v) : "")) }] : []),
        ...(right ? [{ ...axis, side: counts ? 1 : 3, scale: "%", grid: counts ? { show: false } : grid, size: 46,
          values: (_plot, splits) => splits.map((v) => share.format(v)) }] : []),
      ],
      series: [
        { label: "UTC", value: (_plot, at) => (at == null ? "–" : `${day(at)} ${clock(at)}`) },
        ...chart.lines.map((line) => ({ ...line, bars: line.bars || chart.stacked })).map((line) => ({
          label: line.label,
          scale: line.percent ? "%" : "y",
          stroke: () => colour(line.hue),
          paths: line.bars ? uPlot.paths.bars({ size: [0.72, 26] }) : undefined,
          fill: line.bars ? () => colour(line.hue) : line.fill ? () => `color-mix(in srgb, ${colour(line.hue)} 16%, transparent)` : undefined,
          width: line.bars ? 0 : line.percent ? 1.5 : 2,
          dash: line.dashed ? [4, 4] : undefined,
          spanGaps: false,
          points: { show: !line.bars && this.data.t.length <= 30, size: 5, fill: () => colour(line.hue) },
          value: (_plot, _v, _series, i) => {
            const held = i == null ? null : this.#values(line)[i];
            return held == null ? "–" : line.percent ? share.format(held) : whole.format(held);
          },
        })),
      ],
      hooks: { setSelect: [(plot) => this.#zoom(plot)] },
    };
    const plot = new uPlot(options, this.#columns(chart), box);
    let pressedAt = null;
    plot.over.addEventListener("mousedown", (event) => { pressedAt = event.clientX; });
    plot.over.addEventListener("click", (event) => {
      if (pressedAt !== null && Math.abs(event.clientX - pressedAt) < 4) this.#open(plot.cursor.idx);
    });
    return plot;
  }

  #address(path, from, to) {
    const query = new URLSearchParams(location.search);
    query.set("range", "custom");
    query.set("from", new Date(from * 1000).toISOString().slice(0, 16));
    query.set("to", new Date(to * 1000).toISOString().slice(0, 16));
    return `${path}?${query}`;
  }

  #open(index) {
    if (index == null) return;
    const at = this.data.t[index];
    location.assign(this.#address("/dialogues", at, at + this.data.step));
  }

  #zoom(plot) {
    const { left, width } = plot.select;
    if (width < 8) return;
    const from = Math.floor(plot.posToVal(left, "x") / 60) * 60;
    const to = Math.ceil(plot.posToVal(left + width, "x") / 60) * 60;
    location.assign(this.#address("/", from, Math.max(to, from + 60)));
  }

  #describe() {
    const last = this.data.t.length - 1;
    this.charts.forEach((chart) => {
      const box = this.root.querySelector(`#chart-${chart.key}`);
      const title = this.root.querySelector(`#${chart.key}-title`).textContent;
      const step = this.root.querySelector(".charts .step").textContent;
      const counted = chart.lines.filter((line) => !line.percent);
      const parts = (counted.length ? counted : chart.lines).map((line) => {
        const values = this.#values(line);
        const shown = line.percent ? share : whole;
        const most = values.reduce((high, v) => Math.max(high, v), 0);
        return `${line.label}: latest ${shown.format(values[last] ?? 0)}, highest ${shown.format(most)}`;
      });
      box.setAttribute("aria-label", `${title} ${step}. ${parts.join("; ")}. The table below holds the numbers.`);
    });
  }
}
