// Tables are sorted by a click on a header, and long ones searched.
(() => {
  const MANY = 25; // columns of numbers start with the greatest
  const text = (cell) => cell.textContent.trim();
  const key = (row, place) => {
    const cell = row.cells[place];
    const by = cell.dataset.by ?? text(cell);
    const number = Number(by.replace(/,/g, ""));
    return by === "" ? null : Number.isNaN(number) ? by : number;
  };
  const compare = (a, b) => {
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  };
  const sort = (table, place) => {
    const header = table.tHead.rows[0].cells[place];
    const first = table.tBodies[0].rows[0]?.cells[place];
    const numbers = first?.classList.contains("number");
    const order = { ascending: "descending", descending: "ascending" }[header.ariaSort];
    const next = order ?? (numbers ? "descending" : "ascending");
    const sign = next === "ascending" ? 1 : -1;
    const rows = [...table.tBodies[0].rows].map((row) => [key(row, place), row]);
    rows.sort(([a], [b]) => (a === null || b === null ? compare(a, b) : sign * compare(a, b)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.ariaSort = next;
  };
  for (const table of document.querySelectorAll("main table")) {
    if (table.tBodies[0].rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((header, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = header.textContent;
      button.addEventListener("click", () => sort(table, place));
      header.replaceChildren(button);
    });
  }
  for (const region of document.querySelectorAll("[data-filter]")) {
    const rows = [...region.querySelectorAll("tbody tr")];
    if (rows.length < MANY) continue;
    const label = document.createElement("label");
    label.className = "filter";
    const input = document.createElement("input");
    input.type = "search";
    const shown = document.createElement("span");
    shown.role = "status";
    label.append("Rows with ", input, " ", shown);
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      let many = 0;
      for (const row of rows) {
        row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
        many += row.hidden ? 0 : 1;
      }
      shown.textContent = wanted ? `${many} of ${rows.length}` : "";
    });
    region.before(label);
  }
})();
