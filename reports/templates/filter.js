"use strict";
// The page is complete without this: it adds the filter, and opens what a link points at.
// A field of the form keeps the entries whose data attribute of the same name says what the field says.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = document.getElementById("filter");
  const output = form.querySelector("output");
  const entries = all("details.finding");
  const texts = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));

  function apply() {
    const { text, ...fields } = Object.fromEntries(new FormData(form));
    const wanted = text.trim().toLowerCase();
    const chosen = Object.entries(fields).filter(([, value]) => value);
    for (const entry of entries) {
      entry.hidden = !(chosen.every(([name, value]) => entry.dataset[name] === value) && texts.get(entry).includes(wanted));
    }
    const narrowed = Boolean(wanted || chosen.length);
    for (const area of all(".area")) {
      area.hidden = narrowed && !area.querySelector("details.finding:not([hidden])");
    }
    const shown = entries.filter((entry) => !entry.hidden).length;
    output.value = narrowed ? `${shown} of ${entries.length} ${form.dataset.unit}` : "";
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

  form.hidden = !entries.length;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); for (const one of entries) one.open = false; }));
  form.querySelector("[data-do=open]").addEventListener("click", () => {
    for (const one of entries) if (!one.hidden) one.open = true;
  });
  addEventListener("hashchange", reveal);
  addEventListener("beforeprint", () => { for (const one of all("details")) one.open = true; });
  reveal();
})();
