"use strict";
// Draws the charts of a comparison from its data block. Tables say the same without it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { base, chart, draw, percent, percents, shortMs, steps } = Charts;
  const arms = { domain: ["A", "B"], range: ["var(--s1)", "var(--s2)"] };
  const reach = Math.max(data.margin * 1.6, ...data.blocks.map((one) => Math.abs(one.log ?? 0)), ...data.effects.flatMap((one) => [Math.abs(one.low), Math.abs(one.high)]));
  const around = [-reach * 1.05, reach * 1.05];
  const worse = data.lower ? "B is worse →" : "B is better →";
  const better = data.lower ? "← B is better" : "← B is worse";
  const margin = [{ x1: -data.margin, x2: data.margin }];
  const colour = (one) => (one.role === "primary" ? "var(--ink)" : one.shown === "better" ? "var(--good)" : one.shown === "worse" ? "var(--bad)" : "var(--soft)");

  // On a narrow page the names stand above their intervals: beside them they would have no room.
  const narrow = (width) => width < 560;
  const names = (width) => (narrow(width)
    ? { ...base(width), marginLeft: 16, height: 80 + data.effects.length * 40 }
    : { ...base(width), marginLeft: Math.min(260, width * 0.38), height: 80 + data.effects.length * 24 });
  chart("chart-effects", `What B does to each metric, with intervals. Grey: the margin of ±${d3.format(".3~g")(100 * (Math.exp(data.margin) - 1))} %.`, (width) => Plot.plot({
    ...names(width), marginTop: 28,
    x: { label: narrow(width) ? `${better}   (${data.primary})   ${worse}` : `B / A − 1   (for ${data.primary}: ${better}, ${worse})`, labelAnchor: "center", labelArrow: "none", labelOffset: 38, domain: around, tickFormat: percent, grid: true, ticks: percents(around, Math.max(3, Math.floor(width / 130))) },
    y: { label: null, axis: narrow(width) ? null : "left", domain: data.effects.map((one) => one.name) },
    marks: [
      Plot.rectX(margin, { x1: "x1", x2: "x2", fill: "var(--bar)" }),
      Plot.ruleX([0], { stroke: "var(--soft)" }),
      narrow(width) ? Plot.text(data.effects, { y: "name", text: "name", frameAnchor: "left", textAnchor: "start", dy: -14, stroke: "var(--paper)", strokeWidth: 4, fill: "var(--ink)" }) : null,
      Plot.ruleY(data.effects, { y: "name", x1: "low", x2: "high", stroke: colour, strokeWidth: (one) => (one.role === "primary" ? 3 : 1.5) }),
      Plot.dot(data.effects, { y: "name", x: "log", fill: colour, r: (one) => (one.role === "primary" ? 6 : 3.5), tip: { fill: "var(--paper)" }, title: (one) => `${one.name}\n${percent(one.log)} (${percent(one.low)} … ${percent(one.high)})` }),
    ],
  }), data.effects.length > 0);

  const numbered = data.blocks.map((one, index) => ({ ...one, index: index + 1, kind: one.failed ? "failed" : one.stage === "aa" ? "A against itself" : "A against B" }));
  const kinds = { domain: ["A against itself", "A against B", "failed"], range: ["var(--s8)", "var(--s1)", "var(--bad)"] };
  chart("chart-blocks", "The difference in each block, in the order in which they ran: first A against itself, then A against B.", (width) => Plot.plot({
    ...base(width), height: 260,
    x: { label: "block →", labelOffset: 38, domain: [0.5, numbered.length + 0.5], ticks: Math.min(numbered.length, Math.floor(width / 40)), tickFormat: "d" },
    y: { label: "↑ B / A − 1", tickFormat: percent, domain: around, grid: true, ticks: percents(around, 6) },
    marginLeft: 72, color: { ...kinds, legend: true }, symbol: { domain: kinds.domain, range: ["square", "circle", "times"] },
    marks: [
      Plot.rectY(margin, { y1: "x1", y2: "x2", x1: 0.5, x2: numbered.length + 0.5, fill: "var(--bar)" }),
      Plot.ruleY([0], { stroke: "var(--soft)" }),
      Plot.ruleX(numbered.filter((one) => one.log !== null), { x: "index", y1: 0, y2: "log", stroke: "kind" }),
      Plot.dot(numbered.filter((one) => one.log !== null), { x: "index", y: "log", stroke: "kind", fill: (one) => (one.failed ? "none" : kinds.range[kinds.domain.indexOf(one.kind)]), symbol: "kind", r: 4.5, tip: { fill: "var(--paper)" }, title: (one) => `${one.stage} ${one.number}, ${one.order}\n${percent(one.log)}${one.failed ? `\n${one.failed}` : ""}` }),
    ],
  }), numbered.length > 0);

  const values = numbered.filter((one) => one.stage === "ab" && one.a !== null && one.b !== null);
  const each = values.flatMap((one) => [{ ...one, arm: "A", value: one.a }, { ...one, arm: "B", value: one.b }]);
  chart("chart-values", `${data.primary} of both arms, block by block; a line joins what was measured back to back.`, (width) => Plot.plot({
    ...base(width), height: 240,
    x: { label: "block of A against B →", labelOffset: 38, domain: [0.5, d3.max(values, (one) => one.number) + 0.5], tickFormat: "d", ticks: Math.min(values.length, Math.floor(width / 40)) },
    y: { label: `↑ ${data.primary}`, grid: true, nice: true }, color: { ...arms, legend: true },
    marks: [
      Plot.ruleX(values, { x: "number", y1: "a", y2: "b", stroke: "var(--rule)" }),
      Plot.dot(each, { x: "number", y: "value", fill: "arm", r: 4.5, tip: { fill: "var(--paper)" }, title: (one) => `${one.arm}: ${d3.format(".4~g")(one.value)}` }),
    ],
  }), values.length > 0);

  const holder = document.getElementById("ecdfs");
  for (const [what, rows] of d3.group(data.spread, (row) => row.what)) {
    const figure = document.createElement("figure");
    figure.className = "chart";
    figure.id = `ecdf-${what.replace(/\W/g, "-")}`;
    figure.append(document.createElement("figcaption"));
    figure.firstChild.className = "soft";
    holder.append(figure);
    chart(figure.id, `${what}: share of operations up to a latency, A and B over each other.`, (width) => Plot.plot({
      ...base(width), height: 260,
      x: { type: "log", label: "latency →", labelOffset: 38, grid: true, tickFormat: shortMs, ticks: steps(rows.map((row) => row.ms)) },
      y: { label: "↑ share", percent: true, grid: true, domain: [0, 100] }, color: { ...arms, legend: true },
      marks: [Plot.line(rows, { x: "ms", y: "share", stroke: "arm", curve: "step-after", strokeWidth: 1.8 })],
    }));
  }

  draw();
})();
