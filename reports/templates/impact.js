"use strict";
// The page is complete without this: it adds the filter.
(() => {
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const form = document.getElementById("filter");
  const output = form.querySelector("output");
  const entries = all("details.finding");
  const texts = new Map(entries.map((entry) => [entry, entry.textContent.toLowerCase()]));

  function apply() {
    const { text, client, word } = Object.fromEntries(new FormData(form));
    const wanted = text.trim().toLowerCase();
    for (const entry of entries) {
      const { client: whose, word: is } = entry.dataset;
      entry.hidden = !((!client || whose === client) && (!word || is === word) && texts.get(entry).includes(wanted));
    }
    const narrowed = Boolean(wanted || client || word);
    for (const area of all(".area")) {
      area.hidden = narrowed && !area.querySelector("details.finding:not([hidden])");
    }
    const shown = entries.filter((entry) => !entry.hidden).length;
    output.value = narrowed ? `${shown} of ${entries.length} harmed flows` : "";
  }

  form.hidden = !entries.length;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { apply(); for (const one of entries) one.open = false; }));
  form.querySelector("[data-do=open]").addEventListener("click", () => {
    for (const one of entries) if (!one.hidden) one.open = true;
  });
  addEventListener("beforeprint", () => { for (const one of all("details")) one.open = true; });
})();
