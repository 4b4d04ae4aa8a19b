// The map: points on a canvas, a legend, a search, and the values of a row beside it.
(() => {
  const STEPS = 65535;
  const COLOURS = 8;
  const REACH = 14; // pixels from a point that still mean it
  const IN_TIP = 12; // columns
  const element = (id) => document.getElementById(id);
  const data = JSON.parse(element("data-map").textContent);
  const canvas = element("canvas");
  const pen = canvas.getContext("2d");
  if (!pen) return; // the static picture stays

  const unpacked = (text, bytes) => {
    const raw = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return bytes === 1 ? raw : new Uint16Array(raw.buffer);
  };
  const n = data.ids.length;
  const x = unpacked(data.x, 2);
  const y = unpacked(data.y, 2);
  const neighbours = unpacked(data.neighbours, 2);
  const codesOf = new Map();
  const codes = (column) => {
    if (!codesOf.has(column)) codesOf.set(column, unpacked(column.codes, column.bytes));
    return codesOf.get(column);
  };

  const view = { x: 0.5, y: 0.5, zoom: 1 };
  let width = 0;
  let height = 0;
  let dot = 2;
  let column = data.columns[0];
  let classes = []; // of every code of the column: a place in `palette`
  let palette = [];
  let chosen = -1;

  // Values as people read them.

  const spoken = (value) => {
    const size = Math.abs(value);
    if (size >= 1e4 && size < 1e15) return Math.round(value).toLocaleString("en");
    return String(Number(value.toPrecision(4)));
  };
  const wordOf = (which, code) => {
    if (code === 0) return "missing";
    const level = which.levels[code - 1];
    if (which.kind === "level") return level;
    if (which.kind === "number") return (which.exact ? "" : "≈ ") + spoken(level);
    const time = new Date(Math.round(level * 864e5)).toISOString();
    return time.endsWith("T00:00:00.000Z") ? time.slice(0, 10) : time.slice(0, 16).replace("T", " ");
  };
  const make = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const values = (row, columns) => {
    const list = make("dl", undefined, "values");
    for (const each of columns) {
      list.append(make("dt", each.name), make("dd", wordOf(each, codes(each)[row])));
    }
    return list;
  };

  // Colours: the first levels have one each, few numbers a shade each; many numbers are shared out by rank.

  const few = () => column.kind !== "level" && column.exact && column.levels.length <= COLOURS;
  const shade = (place) => Math.round(((COLOURS - 1) * place) / Math.max(1, column.levels.length - 1));
  const classify = () => {
    const counts = new Array(column.levels.length + 1).fill(0);
    for (const code of codes(column)) counts[code] += 1;
    const known = n - counts[0] || 1;
    let below = 0;
    classes = counts.map((count, code) => {
      if (code === 0) return COLOURS + 1;
      if (column.kind === "level") return Math.min(code - 1, COLOURS);
      if (few()) return shade(code - 1);
      below += count;
      return Math.min(COLOURS - 1, Math.floor((COLOURS * (below - count / 2)) / known));
    });
  };
  const restyle = () => {
    const style = getComputedStyle(document.documentElement);
    const letter = column.kind === "level" ? "c" : "v";
    const names = [...Array(COLOURS).keys()].map((place) => `--${letter}${place}`);
    palette = [...names, "--other", "--none"].map((name) => style.getPropertyValue(name).trim());
    palette.ink = style.getPropertyValue("--ink").trim();
    palette.paper = style.getPropertyValue("--paper").trim();
  };

  const across = (i) => ((x[i] / STEPS - view.x) * view.zoom + 0.5) * width;
  const down = (i) => (0.5 - (y[i] / STEPS - view.y) * view.zoom) * height;

  const ring = (i, radius, line) => {
    pen.beginPath();
    pen.arc(across(i), down(i), radius, 0, 2 * Math.PI);
    pen.lineWidth = line;
    pen.stroke();
  };
  const draw = () => {
    if (!width) return;
    const scale = canvas.width / width;
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const mine = codes(column);
    const size = dot * Math.min(2, 1 + Math.log2(view.zoom) / 4);
    const sprites = palette.map((colour) => sprite(colour, size, scale));
    for (let i = 0; i < n; i += 1) {
      const left = across(i);
      const top = down(i);
      if (left > -size && top > -size && left < width + size && top < height + size) {
        pen.drawImage(sprites[classes[mine[i]]], left - size - 1, top - size - 1, 2 * size + 2, 2 * size + 2);
      }
    }
    if (chosen >= 0) mark();
  };
  const sprite = (colour, size, scale) => {
    const made = document.createElement("canvas");
    made.width = made.height = Math.ceil((2 * size + 2) * scale);
    const own = made.getContext("2d");
    own.fillStyle = colour;
    own.globalAlpha = 0.8;
    own.beginPath();
    own.arc(made.width / 2, made.width / 2, size * scale, 0, 2 * Math.PI);
    own.fill();
    return made;
  };
  const mark = () => {
    pen.strokeStyle = palette.ink;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const other of near(chosen)) {
      pen.moveTo(across(chosen), down(chosen));
      pen.lineTo(across(other), down(other));
    }
    pen.stroke();
    for (const other of near(chosen)) ring(other, 5, 1.5);
    pen.strokeStyle = palette.paper;
    ring(chosen, 8, 6);
    pen.strokeStyle = palette.ink;
    ring(chosen, 8, 3);
  };
  const near = (i) => [...neighbours.subarray(i * data.k, (i + 1) * data.k)];

  // The legend and the row beside the map.

  const explain = () => {
    const legend = element("legend");
    const title = make("h3", column.name);
    if (column.kind === "level" || few()) {
      const list = make("ul");
      const item = (className, text) => {
        const line = make("li");
        line.append(make("i", undefined, `swatch ${className}`), make("bdi", text));
        list.append(line);
      };
      for (const place of column.levels.slice(0, COLOURS).keys()) {
        item(few() ? `v${shade(place)}` : `c${place}`, wordOf(column, place + 1));
      }
      if (column.levels.length > COLOURS) item("other", `${column.levels.length - COLOURS} others`);
      if (codes(column).includes(0)) item("none", "missing");
      legend.replaceChildren(title, list);
      return;
    }
    const ramp = make("div", undefined, "ramp");
    for (let place = 0; place < COLOURS; place += 1) ramp.append(make("i", undefined, `swatch v${place}`));
    const ends = make("div", undefined, "ends");
    const sorted = [...codes(column)].filter((code) => code > 0).sort((a, b) => a - b);
    for (const share of sorted.length ? [0, 0.5, 1] : []) {
      ends.append(make("span", wordOf(column, sorted[Math.round(share * (sorted.length - 1))])));
    }
    const parts = [
      title,
      ramp,
      ends,
      make("p", "least, median and greatest; shades hold equal shares of the rows", "note"),
    ];
    legend.replaceChildren(...parts);
  };
  const tell = (text) => {
    const panel = element("panel");
    panel.hidden = false;
    panel.replaceChildren(make("p", text));
  };
  const describe = () => {
    const panel = element("panel");
    panel.hidden = chosen < 0;
    if (chosen < 0) return;
    const list = make("div");
    for (const other of near(chosen)) {
      const button = make("button", data.ids[other]);
      button.type = "button";
      button.addEventListener("click", () => choose(other, true));
      list.append(button);
    }
    const heading = make("h3", data.ids[chosen]);
    heading.dir = "auto";
    panel.replaceChildren(
      heading,
      make("p", "Nearest neighbours, the nearest first:", "note"),
      list,
      values(chosen, data.columns),
    );
  };
  const choose = (i, centre) => {
    chosen = i;
    if (centre && i >= 0 && view.zoom > 1) {
      view.x = x[i] / STEPS;
      view.y = y[i] / STEPS;
    }
    describe();
    draw();
  };

  // Pointer, keyboard and search.

  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const nearestTo = (left, top) => {
    let best = -1;
    let least = REACH * REACH;
    for (let i = 0; i < n; i += 1) {
      const distance = (across(i) - left) ** 2 + (down(i) - top) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  };
  const tip = element("tip");
  const hover = (event) => {
    const [left, top] = at(event);
    const i = nearestTo(left, top);
    tip.hidden = i < 0;
    if (i < 0) return;
    const shown = [column, ...data.columns.filter((each) => each !== column)].slice(0, IN_TIP);
    const more = data.columns.length - shown.length;
    const name = make("b", data.ids[i]);
    name.dir = "auto";
    tip.replaceChildren(name, values(i, shown));
    if (more > 0) tip.append(make("p", `and ${more} more: click`, "note"));
    const stage = canvas.parentElement;
    tip.style.left = `${Math.max(4, Math.min(left + 16, stage.clientWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(4, Math.min(top + 16, stage.clientHeight - tip.offsetHeight - 8))}px`;
  };
  const zoomBy = (factor) => {
    view.zoom = Math.min(64, Math.max(1, view.zoom * factor));
    if (view.zoom === 1) [view.x, view.y] = [0.5, 0.5];
    else if (chosen >= 0) [view.x, view.y] = [x[chosen] / STEPS, y[chosen] / STEPS];
    draw();
  };
  const step = (right, up) => {
    const from =
      chosen < 0 ? { left: width / 2, top: height / 2 } : { left: across(chosen), top: down(chosen) };
    let best = chosen;
    let least = Infinity;
    for (let i = 0; i < n; i += 1) {
      const dx = across(i) - from.left;
      const dy = from.top - down(i);
      const along = dx * right + dy * up;
      const aside = Math.abs(dx * up) + Math.abs(dy * right);
      const cost = along + 2 * aside;
      const ahead = chosen < 0 || (along > 1 && aside <= along);
      const distance = chosen < 0 ? Math.hypot(dx, dy) : cost;
      if (ahead && distance < least) [best, least] = [i, distance];
    }
    choose(best, true);
  };
  const keys = {
    ArrowLeft: () => step(-1, 0),
    ArrowRight: () => step(1, 0),
    ArrowUp: () => step(0, 1),
    ArrowDown: () => step(0, -1),
    "+": () => zoomBy(1.5),
    "-": () => zoomBy(1 / 1.5),
    0: () => zoomBy(0),
    Escape: () => choose(-1, false),
  };
  const find = () => {
    const wanted = element("search").value.trim();
    if (!wanted) return;
    let i = data.ids.indexOf(wanted);
    if (i < 0) i = data.ids.findIndex((id) => id.startsWith(wanted));
    if (i < 0) tell(`No row “${wanted}” among the ${n.toLocaleString("en")} on the map.`);
    else choose(i, true);
  };
  const suggest = () => {
    const wanted = element("search").value.trim();
    const found = [];
    for (let i = 0; wanted && i < n && found.length < 20; i += 1) {
      if (data.ids[i].startsWith(wanted)) {
        const option = make("option");
        option.value = data.ids[i];
        found.push(option);
      }
    }
    element("ids").replaceChildren(...found);
  };

  let drag = null;
  let dragged = false; // by the click that ends here
  canvas.addEventListener("pointerdown", (event) => {
    drag = { at: at(event), x: view.x, y: view.y, moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return hover(event);
    const [left, top] = at(event);
    const [dx, dy] = [left - drag.at[0], top - drag.at[1]];
    drag.moved = drag.moved || Math.hypot(dx, dy) > 4;
    if (!drag.moved || view.zoom === 1) return undefined;
    tip.hidden = true;
    view.x = drag.x - dx / width / view.zoom;
    view.y = drag.y + dy / height / view.zoom;
    return draw();
  });
  addEventListener("pointerup", () => {
    dragged = drag?.moved ?? false;
    drag = null;
  });
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
  canvas.addEventListener("click", (event) => {
    if (!dragged) choose(nearestTo(...at(event)), false);
  });
  canvas.addEventListener("dblclick", () => zoomBy(2));
  canvas.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  element("nearer").addEventListener("click", () => zoomBy(1.5));
  element("farther").addEventListener("click", () => zoomBy(1 / 1.5));
  element("whole").addEventListener("click", () => zoomBy(0));
  element("search").addEventListener("input", suggest);
  element("search").addEventListener("change", find);
  element("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") find();
  });

  const select = element("colour");
  const groups = new Map();
  data.columns.forEach((each, place) => {
    if (!groups.has(each.group)) {
      const group = make("optgroup");
      group.label = each.group;
      groups.set(each.group, group);
      select.append(group);
    }
    const option = make("option", each.name);
    option.value = place;
    groups.get(each.group).append(option);
  });
  select.addEventListener("change", () => {
    column = data.columns[Number(select.value)];
    recolour();
  });
  const recolour = () => {
    classify();
    restyle();
    explain();
    draw();
    canvas.setAttribute("aria-label", `Map of ${n.toLocaleString("en")} rows, coloured by ${column.name}`);
  };

  // Now that all is well the canvas takes the static picture's place.
  element("static").hidden = true;
  canvas.hidden = false;
  for (const hidden of document.querySelectorAll("#map .controls, #map .scripted")) hidden.hidden = false;
  const fit = () => {
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    dot = Math.min(5, Math.max(1.7, Math.sqrt((0.3 * width * height) / n) / 2));
    draw();
  };
  const again = () => {
    restyle();
    draw();
  };
  recolour();
  fit();
  new ResizeObserver(fit).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) {
    matchMedia(query).addEventListener("change", again);
  }
})();
