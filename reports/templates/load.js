"use strict";
// Draws the charts of a load page from its data block. Tables say the same without it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { base, chart, colours, draw, shortMs, steps } = Charts;
  const ops = [...new Set(data.timeline.map((row) => row.op))];

  const line = (y) => Plot.ruleX(data.events, { x: "t", stroke: "var(--bad)", strokeDasharray: "3,3", title: (d) => `${d.what}: ${d.said}`, ...y });
  const seconds = (t) => `${d3.format(".1f")(t)} s`;
  const over = (of) => d3.sum(data.timeline, (row) => row[of] * (row.to - row.t));
  // Where operations carry next to nothing, how many there are says more than how much.
  const moved = over("gb") * 1e9 > 65536 * over("ops");
  const most = d3.max(data.timeline, (row) => row.gb) ?? 0;
  const [unit, factor] = !moved ? ["operations/s", 1] : most >= 0.1 ? ["GB/s", 1] : most >= 1e-4 ? ["MB/s", 1e3] : ["kB/s", 1e6];
  const rate = (row) => (moved ? row.gb * factor : row.ops);
  const domain = d3.extent([...data.timeline.flatMap((row) => [row.t, row.to]), ...data.phases.flatMap((row) => [row.begin, row.end])]);
  const during = { label: "seconds from the start of the run →", labelOffset: 38, domain };
  // Names of phases stand above their begin, in as many rows as they need, measured ones first; what fits in none is left out.
  const ROWS = 3, LINE = 15, LETTER = 7.2;
  const named = (width) => {
    const { marginLeft, marginRight } = base(width);
    const x = d3.scaleLinear(domain, [marginLeft, width - marginRight]);
    const rows = [];
    for (const phase of d3.sort(data.phases, (one) => !one.measured)) {
      const wide = phase.name.length * LETTER;
      const right = x(phase.begin) + 4 + wide > width;
      const from = right ? x(phase.begin) - 4 - wide : x(phase.begin) + 4;
      const free = (row) => (rows[row] ?? []).every((other) => from > other.from + other.wide + 4 || from + wide + 4 < other.from);
      const row = d3.range(ROWS).find(free);
      if (row !== undefined) (rows[row] ??= []).push({ ...phase, from, wide, right });
    }
    return rows;
  };
  const phases = (rows) => [
    Plot.ruleX(data.phases, { x: "begin", stroke: "var(--rule)" }),
    ...rows.flatMap((row, at) => [false, true].map((right) => Plot.text(row.filter((one) => one.right === right), {
      x: "begin", text: "name", frameAnchor: "top", textAnchor: right ? "end" : "start", dx: right ? -4 : 4, dy: -14 - LINE * at, fill: "var(--soft)", ariaDescription: "phases",
    }))),
  ];
  // A picture of the run's time: names of phases get their room above it, and take none from it.
  const overTime = (width, height, more) => {
    const rows = named(width);
    const extra = LINE * Math.max(0, rows.length - 1);
    return Plot.plot({ ...base(width), height: height + extra, marginTop: 34 + extra, x: during, ...more, marks: [...phases(rows), ...more.marks] });
  };
  const failed = d3.rollups(data.timeline.filter((row) => row.errors), (rows) => d3.sum(rows, (row) => row.errors), (row) => row.t).map(([t, errors]) => ({ t, errors }));
  chart("chart-throughput", `${moved ? `${unit} of payload` : "Operations a second"} by operation, of the seconds in which it was at work${failed.length ? "; a cross marks a step with errors" : ""}.`, (width) => overTime(width, 260, {
    y: { label: `↑ ${unit}`, grid: true },
    color: { domain: ops, range: colours, legend: true },
    marks: [
      Plot.rectY(data.timeline, Plot.stackY({ x1: "t", x2: "to", y: rate, fill: "op", insetLeft: 0.5, tip: { fill: "var(--paper)" }, title: (row) => `${row.op}\n${seconds(row.t)}: ${d3.format(".3~g")(rate(row))} ${unit}${row.errors ? `\n${row.errors} errors` : ""}` })),
      Plot.dot(failed, { x: "t", frameAnchor: "top", dx: 5, symbol: "times", stroke: "var(--bad)", strokeWidth: 2, r: 4, title: (row) => `${seconds(row.t)}: ${row.errors} errors`, tip: { fill: "var(--paper)" } }),
      line({}),
      Plot.ruleY([0], { stroke: "var(--soft)" }),
    ],
  }), data.timeline.length > 0);

  // Operations of one second stand side by side: over each other they could not be told apart.
  const middle = (row) => row.t + ((row.to - row.t) * (ops.indexOf(row.op) + 0.5)) / ops.length;
  const timed = data.timeline.filter((row) => row.p50 !== null);
  chart("chart-latency-time", "Latency over time, from the intended start, of what succeeded: P50 (dot) to P99, or the slowest of fewer than a hundred (upper end).", (width) => overTime(width, 220, {
    y: { type: "log", label: "↑ latency", grid: true, tickFormat: shortMs, ticks: steps(timed.flatMap((row) => [row.p50, row.p99])) },
    color: { domain: ops, range: colours },
    marks: [
      Plot.ruleX(timed, { x: middle, y1: "p50", y2: "p99", stroke: "op", strokeOpacity: 0.35, strokeWidth: Math.max(1, Math.min(8, width / (1.6 * data.timeline.length + 1))) }),
      Plot.dot(timed, { x: middle, y: "p50", fill: "op", r: 2.2, tip: { fill: "var(--paper)" }, title: (row) => `${row.op}\n${seconds(row.t)}\nP50 ${shortMs(row.p50)}\nP99 ${shortMs(row.p99)}` }),
      line({}),
    ],
  }), timed.length > 0);

  const series = (row) => `${row.phase} ${row.op}`;
  const names = [...new Set(data.percentiles.map(series))];
  const nines = [0, -Math.log10(0.5), 1, 2, 3, 4, 5].filter((n) => n <= (d3.max(data.percentiles, (row) => row.nines) ?? 0) + 1e-9);
  const split = (rows) => [rows.filter((row) => row.metric === "latency"), rows.filter((row) => row.metric === "service")];
  const dashed = { stroke: series, z: series, strokeWidth: 1.4, strokeDasharray: "4,3", strokeOpacity: 0.8 };
  chart("chart-percentiles", "Percentiles on a log-nines axis: latency (solid), service time (dashed).", (width) => {
    const [latency, service] = split(data.percentiles);
    return Plot.plot({
      ...base(width), height: 320,
      x: { label: "percentile →", labelOffset: 38, ticks: nines, tickFormat: (n) => `P${d3.format(".6~g")(100 * (1 - 10 ** -n))}`, grid: true },
      y: { type: "log", label: "↑ time", grid: true, tickFormat: shortMs, ticks: steps(data.percentiles.map((row) => row.ms)) },
      color: { domain: names, range: colours, legend: true },
      marks: [
        Plot.line(latency, { x: "nines", y: "ms", stroke: series, z: series, strokeWidth: 1.8 }),
        Plot.line(service, { x: "nines", y: "ms", ...dashed }),
        Plot.dot(latency, { x: "nines", y: "ms", fill: series, r: 2.5, tip: { fill: "var(--paper)" }, title: (row) => `${series(row)}\nP${row.q}: ${shortMs(row.ms)}` }),
      ],
    });
  }, names.length > 0);
  chart("chart-ecdf", "Share of the operations that succeeded, up to a time: latency (solid), service time (dashed).", (width) => {
    const [latency, service] = split(data.ecdf);
    return Plot.plot({
      ...base(width), height: 320,
      x: { type: "log", label: "time →", labelOffset: 38, grid: true, tickFormat: shortMs, ticks: steps(data.ecdf.map((row) => row.ms)) }, y: { label: "↑ share", percent: true, grid: true, domain: [0, 100] },
      color: { domain: names, range: colours, legend: true },
      marks: [
        Plot.line(latency, { x: "ms", y: "share", stroke: series, z: series, strokeWidth: 1.8, curve: "step-after" }),
        Plot.line(service, { x: "ms", y: "share", curve: "step-after", ...dashed }),
      ],
    });
  }, names.length > 0);

  const holder = document.getElementById("gantts");
  for (const one of data.gantt) {
    const figure = document.createElement("figure");
    figure.className = "chart";
    figure.id = `gantt-${one.name.replace(/\W/g, "-")}`;
    figure.append(document.createElement("figcaption"));
    figure.firstChild.className = "soft";
    holder.append(figure);
    const lanes = [...new Set(one.rows.map((row) => row.lane))];
    const some = one.shown < one.of ? `, the slowest of ${one.of} ranks and an even choice of the others, ${one.shown} in all` : "";
    chart(figure.id, `${one.name}${some}: the median rank ended after ${d3.format(".3~g")(one.median)} s, the last after ${d3.format(".3~g")(one.last)} s.`, (width) => Plot.plot({
      ...base(width), height: Math.min(900, 60 + Math.max(3, one.shown) * (one.shown > 64 ? 6 : 14)),
      x: { label: "seconds from the barrier →", labelOffset: 38, grid: true, domain: [0, one.last] },
      y: { type: "band", label: "rank", padding: 0.15, tickFormat: (rank) => rank, ticks: one.shown > 32 ? one.rows.map((row) => row.rank).filter((rank) => rank % 16 === 0) : undefined },
      color: { domain: lanes, range: colours, legend: lanes.length > 1 },
      marks: [
        Plot.barX(one.rows, { y: "rank", x1: "begin_s", x2: (row) => row.data_end_s ?? row.end_s, fill: "lane", fillOpacity: 0.55, tip: { fill: "var(--paper)" }, title: (row) => `rank ${row.rank} (${row.lane})\n${d3.format(".3~g")(row.begin_s)} s to ${d3.format(".3~g")(row.end_s)} s${row.failed ? `\n${row.failed} files given up` : ""}` }),
        Plot.barX(one.rows.filter((row) => row.data_end_s !== null && row.end_s > row.data_end_s), { y: "rank", x1: "data_end_s", x2: "end_s", fill: "lane" }),
        Plot.dot(one.rows.filter((row) => row.failed), { y: "rank", x: "end_s", symbol: "times", stroke: "var(--bad)", strokeWidth: 2 }),
        Plot.ruleX([one.median], { stroke: "var(--ink)", strokeDasharray: "4,3" }),
        Plot.ruleX([one.last], { stroke: "var(--ink)" }),
      ],
    }));
  }
  if (!data.gantt.length) document.getElementById("ranks").hidden = true;

  draw();
})();
