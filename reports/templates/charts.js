"use strict";
// What the charts of load pages share: their look, their axes, and that they are drawn again when the page's width changes.
const Charts = (() => {
  const charts = [];
  const colours = d3.range(1, 9).map((n) => `var(--s${n})`);
  const shortMs = (ms) => (ms >= 1000 ? `${d3.format(".3~g")(ms / 1000)} s` : ms >= 1 ? `${d3.format(".3~g")(ms)} ms` : `${d3.format(".3~g")(ms * 1000)} µs`);
  // 1, 2, 5: as many as a log axis has room for, and always some.
  const steps = (values) => {
    const [low, high] = d3.extent(values);
    if (!(low > 0)) return undefined;
    const all = d3.range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)) + 1).flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power));
    const within = all.filter((one) => one >= low && one <= high);
    return within.length > 9 ? within.filter((one) => /^1/.test(one.toExponential())) : within;
  };
  const base = (width) => ({
    width, marginLeft: 62, marginRight: 24, marginBottom: 44, style: { background: "transparent", color: "var(--ink)", fontSize: "12px", fontFamily: "var(--sans)" },
  });

  function chart(id, caption, draw, present = true) {
    const figure = document.getElementById(id);
    if (!figure) return;
    figure.querySelector("figcaption").textContent = caption;
    if (!present) { figure.hidden = true; return; }
    charts.push({ figure, draw });
  }

  function redraw() {
    for (const { figure, draw } of charts) {
      figure.querySelectorAll(":scope > :not(figcaption)").forEach((old) => old.remove());
      figure.append(draw(Math.max(300, figure.clientWidth)));
    }
  }

  function draw() {
    redraw();
    let width = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; redraw(); } });
  }

  const percent = (log) => (Math.abs(log) < 1e-9 ? "0 %" : `${d3.format(Math.exp(log) < 2 ? "+.3~g" : "+,.0f")(100 * (Math.exp(log) - 1))} %`);
  // Round per cents on an axis of log-ratios, as many as have room. Far out they crowd together: no even step will do there.
  function percents([low, high], count) {
    const gap = (high - low) / (1.25 * count);
    const logs = (shares) => shares.filter((one) => one > -100).map((one) => Math.log1p(one / 100)).filter((one) => one >= low && one <= high);
    if (high - low < 1) {
      for (let wanted = count; wanted > 1; wanted--) {
        const even = logs(d3.ticks(100 * Math.expm1(low), 100 * Math.expm1(high), wanted));
        if (d3.pairs(even).every(([one, next]) => next - one >= gap)) return even;
      }
    }
    const round = [-99, -98, -95, -90, -80, -50, -20, 20, 50, 100, 200, 500].concat(d3.range(3, 9).flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power)));
    const kept = [0];
    for (const one of d3.sort(logs(round), Math.abs)) if (kept.every((other) => Math.abs(one - other) >= gap)) kept.push(one);
    return kept;
  }
  return { base, chart, colours, draw, percent, percents, shortMs, steps };
})();
