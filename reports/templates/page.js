"use strict";
// The page is complete without this: it adds the filter, copy buttons, and opens what a link points at.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = document.getElementById("filter");
  const output = form.querySelector("output");
  const rows = all("tr.row");
  const findings = all("details.finding");
  const texts = new Map();
  for (const row of rows) texts.set(row, row.querySelector("th").textContent.toLowerCase());
  const rowOf = new Map(rows.map((row) => [row.dataset.id, row]));
  const groupOf = new Map(all("tbody[data-scenario]").map((body) => [body.dataset.group, body.dataset.scenario]));
  for (const finding of findings) {
    const row = rowOf.get(finding.dataset.id);
    if (row) texts.set(row, texts.get(row) + " " + finding.textContent.toLowerCase());
  }

  function matches(row, text, verdict, group) {
    if (group && row.parentNode.dataset.group !== group) return false;
    const verdicts = row.dataset.verdicts.split(" ");
    if (verdict === "!pass" ? verdicts.every((one) => one === "pass") : verdict && !verdicts.includes(verdict)) return false;
    return !text || texts.get(row).includes(text);
  }

  // A finding that stands for cells of a matrix has no row of its own: it speaks for itself.
  function own(finding, text, verdict, group) {
    if (group && !finding.dataset.id.startsWith(groupOf.get(group) + "[")) return false;
    const verdicts = finding.dataset.verdicts.split(" ");
    if (verdict && verdict !== "!pass" && !verdicts.includes(verdict)) return false;
    return !text || finding.textContent.toLowerCase().includes(text);
  }

  function apply() {
    const { text, verdict, group } = Object.fromEntries(new FormData(form));
    const wanted = text.trim().toLowerCase();
    const active = Boolean(wanted || verdict || group);
    const shown = new Set();
    for (const row of rows) {
      row.hidden = !matches(row, wanted, verdict, group);
      if (!row.hidden) shown.add(row.dataset.id);
    }
    for (const body of all(".matrix tbody")) {
      body.hidden = active && !body.querySelector("tr.row:not([hidden])");
      const details = body.querySelector("details");
      if (active && details) details.open = !body.hidden;
    }
    for (const finding of findings) {
      const { id } = finding.dataset;
      finding.hidden = rowOf.has(id) ? !shown.has(id) : !own(finding, wanted, verdict, group);
    }
    for (const part of all(".chapter")) part.hidden = !part.querySelector("details.finding:not([hidden])");
    output.value = active ? `${shown.size} of ${rows.length} checks` : "";
  }

  function reveal() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { /* a broken escape: take the id as it stands */ }
    const target = id && document.getElementById(id);
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      node.hidden = false;
      if (node.tagName === "DETAILS") node.open = true;
    }
    target.scrollIntoView();
  }

  async function copy(button) {
    const code = button.parentNode.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  form.hidden = false;
  for (const button of all("[data-do=copy]")) button.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); for (const one of all(".matrix details")) one.open = false; }));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    if (button.dataset.do === "copy") copy(button);
    else for (const one of all(".matrix tbody:not([hidden]) details")) one.open = true;
  });
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => { for (const one of findings) one.open = true; });
  reveal();
})();
