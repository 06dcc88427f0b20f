"use strict";
// Search: hides what does not hold all words, opens the lists that have something, and closes them again after it.
(function () {
  const form = document.getElementById("search"), input = form.querySelector("input"), said = form.querySelector("output");
  const lists = Array.from(document.querySelectorAll("details.tests")), was = new Map();
  const frames = Array.from(document.querySelectorAll(".panel, .scroll")).filter((frame) => frame.querySelector(".tests, .entry"));
  let entries = null, waiting = false;

  function read() {
    entries = [];
    for (const element of document.querySelectorAll("article, .tests li:not(.more), tr.entry")) {
      let text = "";
      for (const child of element.tagName === "ARTICLE" ? element.children : [element])
        if (child.tagName !== "DETAILS") text += child.textContent + "\n";
      entries.push({ element, text: text.toLowerCase(), list: element.closest("details.tests") });
    }
  }

  function search() {
    waiting = false;
    if (!entries) read();
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean), found = new Map();
    let tests = 0;
    for (const entry of entries) {
      const matches = words.every((word) => entry.text.includes(word));
      if (entry.element.hidden === matches) entry.element.hidden = !matches;
      if (matches && entry.list) found.set(entry.list, (found.get(entry.list) || 0) + 1);
      if (matches && (entry.element.tagName === "LI" || "counts" in entry.element.dataset)) tests++;
    }
    for (const list of lists) {
      if (words.length && !was.has(list)) was.set(list, list.open);
      if (words.length) list.open = found.has(list);
      else if (was.has(list)) list.open = was.get(list);
      list.hidden = words.length > 0 && !found.has(list);
    }
    if (!words.length) was.clear();
    for (const frame of frames) frame.hidden = !frame.querySelector("li:not([hidden]), .entry:not([hidden])");
    said.textContent = words.length ? tests + " " + form.dataset.one + (tests === 1 ? "" : "s") + " found" : "";
  }

  function soon() {
    if (!waiting) requestAnimationFrame(search);
    waiting = true;
  }

  form.hidden = false;
  input.addEventListener("input", soon);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && document.activeElement === input) {
      input.value = "";
      soon();
    }
  });
  addEventListener("beforeprint", () => {
    for (const log of document.querySelectorAll("details.log")) log.open = true;
  });
})();
