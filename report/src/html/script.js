"use strict";
// Comfort only: the page says everything without this script.

// Tables sort by their headings; what has no figure stays at the end.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const key = (row) => {
        const cell = row.cells[column];
        return cell.dataset.key === undefined ? NaN : Number(cell.dataset.key);
      };
      const text = (row) => row.cells[column].textContent.trim();
      // Words start at A, figures at the largest.
      const words = [...body.rows].every((row) => Number.isNaN(key(row)));
      const now = head.getAttribute("aria-sort");
      const up = now === null ? words : now === "descending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].sort((a, b) => {
        if (words) return (up ? 1 : -1) * text(a).localeCompare(text(b));
        const [x, y] = [key(a), key(b)];
        if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);
        return up ? x - y : y - x;
      });
      body.append(...rows);
    });
  });
}

// Charts tell their figures at once instead of after the browser's delay.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
tip.setAttribute("aria-hidden", "true");
document.body.append(tip);
for (const spot of document.querySelectorAll(".spot")) {
  const title = spot.querySelector("title");
  spot.dataset.says = title.textContent;
  title.remove();
}
document.addEventListener("pointermove", (event) => {
  const says = event.target.dataset?.says;
  tip.hidden = says === undefined;
  if (tip.hidden) return;
  tip.textContent = says;
  const box = tip.getBoundingClientRect();
  const left = event.clientX + 14 + box.width > innerWidth ? event.clientX - 14 - box.width : event.clientX + 14;
  const top = event.clientY + 14 + box.height > innerHeight ? event.clientY - 14 - box.height : event.clientY + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
});
