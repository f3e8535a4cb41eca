// An open page asks now and then whether the figures have changed, and says so; it never moves anything by itself.
"use strict";
const bar = document.getElementById("changed");
async function ask() {
  if (document.hidden) return;
  try {
    const answer = await fetch(bar.dataset.address, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { count, text } = await answer.json();
    if (count && bar.firstElementChild.textContent !== text) {
      bar.firstElementChild.textContent = text;
      bar.hidden = false;
    }
  } catch {
    // The network is away; the page stays as it is.
  }
}
if (bar) setInterval(ask, Number(bar.dataset.seconds || 20) * 1000);
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
