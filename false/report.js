/* The pages can be read without this. It adds: a theme switch, copy buttons, sorting and filtering, and hypotheses on the curves.
   Texts that came from a run are only ever set as textContent. */
"use strict";

(() => {
  const KEY = "fastheur-report-theme";
  const ROWS = 100;
  const NEAR = 26;
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  function make(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  // ------------------------------------------------------------------ numbers, as the pages write them

  const UNKNOWN = "–";

  const FINE = { maximumFractionDigits: 2, roundingMode: "halfEven" };
  const SMALL = { maximumSignificantDigits: 4, roundingMode: "halfEven", useGrouping: false };

  function number(value) {
    if (value === null) return UNKNOWN;
    return value.toLocaleString("en-US", Math.abs(value) >= 10 || value === 0 ? FINE : SMALL).replace("-", "−");
  }

  const whole = (value) => (value === null ? UNKNOWN : value.toLocaleString("en-US"));

  function signed(value) {
    return (value === 0 ? "" : value > 0 ? "+" : "−") + number(Math.abs(value));
  }

  function dollars(value) {
    return value === null ? UNKNOWN : "$" + (value >= 1 || value === 0 ? value.toFixed(2) : value.toFixed(4));
  }

  // ------------------------------------------------------------------ theme

  function remembered() {
    try { return localStorage.getItem(KEY); } catch { return null; }
  }

  function remember(theme) {
    try { localStorage.setItem(KEY, theme); } catch { /* a browser that keeps nothing still switches */ }
  }

  const chosen = remembered();
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;

  function bindTheme() {
    const button = $(".theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    const dark = () => (root.dataset.theme || (system.matches ? "dark" : "light")) === "dark";
    const show = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      remember(root.dataset.theme);
      show();
    });
    system.addEventListener("change", show);
    show();
  }

  // ------------------------------------------------------------------ copy buttons

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = make("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  }

  function bindCopy() {
    for (const box of $$(".command, .source")) {
      const name = box.className === "source" ? "Copy the source" : "Copy the command";
      box.append(make("button", "Copy", { type: "button", class: "copy", "data-copy-from": "code", "aria-label": name }));
    }
    document.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-copy], [data-copy-from]");
      if (!button) return;
      const text = button.dataset.copy ?? $(button.dataset.copyFrom, button.parentElement).textContent;
      const label = button.textContent;
      await copy(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = label; }, 1200);
    });
  }

  // ------------------------------------------------------------------ sorting

  /* Turn the headings that have a key into buttons; `sorted(key, up)` is told when one is pressed. */
  function bindHeadings(table, sorted) {
    const headings = $$("th[data-key]", table);
    for (const heading of headings) {
      const button = make("button", undefined, { type: "button" });
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const first = heading.classList.contains("r") ? "descending" : "ascending";
        const now = heading.getAttribute("aria-sort");
        const next = now === null ? first : now === "ascending" ? "descending" : "ascending";
        for (const other of headings) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", next);
        sorted(heading.dataset.key, next === "ascending");
      });
    }
  }

  /* Compare two values, the unknown ones last whatever the direction. */
  function compare(one, other, up) {
    const [lacks, misses] = [one === null || one === "", other === null || other === ""];
    if (lacks || misses) return lacks - misses;
    const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
    return up ? order : -order;
  }

  // ------------------------------------------------------------------ grids: all rows are in the page

  function bindGrid(table) {
    const body = $("tbody", table);
    const rows = [...body.rows];
    const headings = $$("thead th", table);
    const value = (row, place) => {
      const cell = row.cells[place];
      const given = cell.dataset.sort;
      return given === undefined ? cell.textContent.trim() : given === "" ? null : Number(given);
    };
    bindHeadings(table, (key, up) => {
      const place = headings.findIndex((heading) => heading.dataset.key === key);
      rows.sort((one, other) => compare(value(one, place), value(other, place), up));
      body.append(...rows);
    });
    const form = $(".filters");
    const found = $(".found", form);
    const filter = () => {
      const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        count += !row.hidden;
      }
      found.textContent = `${whole(count)} of ${whole(rows.length)}`;
    };
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
    filter();
  }

  // ------------------------------------------------------------------ the data of a run

  const AXES = ["env_steps", "episodes", "wall_s", "tokens", "money"];
  const IDEA = ["version", "parent", "verdict", "score", ...AXES, "hypothesis", "reason", "difference", "low", "high", "paidTokens", "paidMoney"];
  const TRIAL = ["trial", "version", "role", "outcome", "score", "steps", "episodes", "seconds", "note", "decided", "population", "rows", "place", "replay"];

  /* Give a row's values their names: those left away at its end are unknown, those in `said` are words by their number. */
  function named(names, row, words, said) {
    const found = Object.fromEntries(names.map((name, place) => [name, row[place] ?? null]));
    for (const name of words) found[name] = said[found[name]];
    return found;
  }

  const readIdea = (row, said) => named(IDEA, row, ["verdict", "reason"], said);

  function readTrial(row, ideas, said) {
    const found = named(TRIAL, row, ["role", "outcome", "note"], said);
    const idea = found.decided === null ? null : ideas.get(found.decided);
    return Object.assign(found, {
      idea, difference: idea ? idea.difference : null, text: idea ? idea.hypothesis : found.note, batched: found.rows ? `${whole(found.rows)} parameter rows, the best score is shown` : "",
      tokens: idea ? idea.paidTokens : null, money: idea ? idea.paidMoney : null, inner: found.population !== null && found.rows === null,
    });
  }

  /* Rows of searches that have a score, the earliest first, each with its place and with the batch that it is of. */
  function searched(rows) {
    const batches = new Map(rows.filter((row) => row.rows).map((row) => [row.population, row]));
    const found = rows.filter((row) => row.role === "search" && !row.rows && row.score !== null);
    found.sort((one, other) => one.trial - other.trial);
    return found.flatMap((row) => {
      const batch = batches.get(row.population) ?? row;
      if (!batch.place) return [];
      const place = Object.fromEntries(AXES.map((name, number) => [name, batch.place[number]]));
      return [{ row, batch, score: row.score, ...place }];
    });
  }

  function pageOf(version, perPage) {
    return `versions/${String(Math.floor((version - 1) / perPage) + 1).padStart(4, "0")}.html#v${version}`;
  }

  // ------------------------------------------------------------------ trials

  class Trials {
    constructor(table, data, ideas) {
      this.table = table;
      this.body = $("tbody", table);
      this.data = data;
      this.all = data.trials.map((row) => readTrial(row, ideas, data.said));
      this.all.forEach((row, place) => { row.order = -place; }); // also of versions that never got a trial
      this.searched = searched(this.all);
      this.columns = $$("thead th", table).map((heading) => heading.dataset.key || "look");
      this.form = $(".filters");
      this.pager = $(".pager");
      this.opened = new Set();
      this.key = "trial";
      this.up = false;
      this.page = 0;
      this.outcomes();
      bindHeadings(table, (key, up) => { this.key = key; this.up = up; this.turn(0); });
      this.form.addEventListener("input", () => this.turn(0));
      this.form.addEventListener("submit", (event) => event.preventDefault());
      for (const button of $$("button", this.pager)) {
        button.addEventListener("click", () => this.turn(this.page + Number(button.dataset.step)));
      }
      this.body.addEventListener("click", (event) => {
        const fold = event.target.closest(".fold");
        if (!fold) return;
        const population = Number(fold.dataset.population);
        if (!this.opened.delete(population)) this.opened.add(population);
        this.show();
        $(`.fold[data-population="${population}"]`, this.body)?.focus();
      });
      this.show();
    }

    outcomes() {
      const words = [...new Set(this.all.map((row) => row.outcome))].sort();
      this.form.elements.outcome.append(...words.map((outcome) => make("option", this.word(outcome), { value: outcome })));
    }

    word(outcome) {
      return this.data.words[outcome] ?? outcome;
    }

    haystack(row) {
      row.hay ??= [row.trial, row.version === null ? "" : `v${row.version}`, row.role, this.word(row.outcome), row.text, row.idea ? row.idea.reason : ""].join(" ").toLowerCase();
      return row.hay;
    }

    /* Rows that fit the filters, in order; those of an opened search right behind the row they are folded into. */
    chosen() {
      const { text, role, outcome } = this.form.elements;
      const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (row) => (!role.value || row.role === role.value) && (!outcome.value || row.outcome === outcome.value) && words.every((word) => this.haystack(row).includes(word));
      const rows = this.all.filter((row) => !row.inner && fits(row));
      rows.sort((one, other) => compare(this.value(one), this.value(other), this.up));
      if (!this.opened.size) return rows;
      return rows.flatMap((row) => (row.rows && this.opened.has(row.population) ? [row, ...this.all.filter((one) => one.inner && one.population === row.population)] : [row]));
    }

    value(row) {
      if (this.key === "trial") return row.order;
      return this.key === "outcome" ? this.word(row.outcome) : row[this.key];
    }

    /* Show a page from its first row. */
    turn(page) {
      this.page = page;
      this.show();
      this.table.parentElement.scrollTop = 0;
    }

    show() {
      const rows = this.chosen();
      const pages = Math.max(1, Math.ceil(rows.length / ROWS));
      this.page = Math.min(Math.max(0, this.page), pages - 1);
      const start = this.page * ROWS;
      this.body.replaceChildren(...rows.slice(start, start + ROWS).map((row) => this.row(row)));
      $(".found").textContent = `${whole(rows.length)} of ${whole(this.all.filter((row) => !row.inner).length)} rows`;
      this.pager.hidden = pages === 1;
      $("span", this.pager).textContent = `rows ${whole(start + 1)} to ${whole(Math.min(rows.length, start + ROWS))} of ${whole(rows.length)}`;
      const [back, on] = $$("button", this.pager);
      back.disabled = this.page === 0;
      on.disabled = this.page === pages - 1;
    }

    /* Show a row of a search among the others of its batch. */
    reveal({ row, batch }) {
      this.form.reset();
      this.form.elements.role.value = "search";
      if (batch.rows) this.opened.add(batch.population);
      this.page = Math.floor(this.chosen().indexOf(row) / ROWS);
      this.show();
      const line = this.body.rows[this.chosen().indexOf(row) - this.page * ROWS];
      line.tabIndex = -1;
      line.focus({ preventScroll: true });
      line.scrollIntoView({ block: "center" });
    }

    row(row) {
      const line = make("tr", undefined, row.inner ? { class: "inner" } : {});
      line.append(...this.columns.map((column) => this.cell(row, column)));
      return line;
    }

    cell(row, column) {
      const plain = (text) => make("td", text, { class: "r" });
      switch (column) {
        case "trial": return this.first(row);
        case "version": return this.version(row);
        case "outcome": return this.outcome(row);
        case "score": return plain(number(row.score));
        case "difference": return this.difference(row.idea);
        case "text": return this.text(row);
        case "steps": return this.doubled(whole(row.steps), `${whole(row.episodes)} episode${row.episodes === 1 ? "" : "s"}`);
        case "seconds": return plain(row.seconds === null ? UNKNOWN : row.seconds.toFixed(1));
        case "tokens": return this.doubled(whole(row.tokens), row.money === null ? "" : dollars(row.money));
        default: return this.look(row);
      }
    }

    doubled(above, below) {
      const cell = make("td", above, { class: "r" });
      if (below) cell.append(make("small", below));
      return cell;
    }

    first(row) {
      const cell = make("td", undefined, { class: "r" });
      if (row.rows) {
        const open = this.opened.has(row.population);
        cell.append(make("button", open ? "−" : "+", { type: "button", class: "fold", "data-population": row.population, "aria-expanded": open, "aria-label": `rows of search batch ${row.trial}` }));
      }
      cell.append(row.trial === null ? UNKNOWN : String(row.trial));
      return cell;
    }

    version(row) {
      const cell = make("td");
      if (row.version !== null) cell.append(make("a", `v${row.version}`, { href: pageOf(row.version, this.data.perPage) }));
      return cell;
    }

    outcome(row) {
      const cell = make("td");
      const box = make("span", undefined, { class: "verdict" });
      if (row.outcome in this.data.words) box.append(icon(row.outcome));
      box.append(this.word(row.outcome));
      cell.append(box);
      return cell;
    }

    difference(idea) {
      const cell = make("td", undefined, { class: "r" });
      if (!idea || idea.difference === null) {
        cell.textContent = UNKNOWN;
        return cell;
      }
      cell.append(make("b", signed(idea.difference), { class: "num" }));
      if (idea.low !== null) cell.append(" ", make("small", `${signed(idea.low)} to ${signed(idea.high)}`, { class: "range" }));
      return cell;
    }

    text(row) {
      const cell = make("td", undefined, { class: "text" });
      cell.append(make("span", row.text));
      const below = row.idea ? row.idea.reason : row.batched;
      if (below) cell.append(make("small", below));
      return cell;
    }

    look(row) {
      const cell = make("td", undefined, { class: "look" });
      if (row.idea && row.idea.parent !== null) cell.append(make("a", "diff", { href: pageOf(row.version, this.data.perPage) }));
      if (row.replay) cell.append(make("a", "replay", { href: row.replay }));
      else if (row.trial !== null && !row.rows && row.role !== "sealed") {
        const command = `fastheur replay ${this.data.folder} trial=${row.trial}`;
        cell.append(make("button", "replay", { type: "button", "data-copy": command, title: `Copy: ${command}`, "aria-label": `Copy the command ${command}` }));
      }
      return cell;
    }
  }

  // ------------------------------------------------------------------ curves

  const SVG = "http://www.w3.org/2000/svg";

  function drawn(tag, attributes) {
    const element = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  }

  function icon(verdict) {
    const picture = drawn("svg", { class: "icon", "aria-hidden": "true" });
    picture.append(drawn("use", { href: `#g-${verdict}` }));
    return picture;
  }

  class Curve {
    constructor(picture, data, ideas, trials, tip) {
      Object.assign(this, { picture, data, trials, tip, at: -1, versions: ideas.length });
      const [xLow, xHigh, xStart, xEnd] = picture.dataset.x.split(",").map(Number);
      const [yLow, yHigh, yStart, yEnd] = picture.dataset.y.split(",").map(Number);
      const { axis, unit, floor } = picture.dataset;
      this.points = [...ideas, ...trials.searched].map((one) => ({
        one,
        x: xStart + (((one[axis] ?? 0) / Number(unit) - xLow) / (xHigh - xLow)) * (xEnd - xStart),
        y: one.score === null ? Number(floor) : yStart + ((Math.max(one.score, yLow) - yLow) / (yHigh - yLow)) * (yEnd - yStart),
      }));
      this.ring = drawn("circle", { class: "ring", r: 10, visibility: "hidden" });
      picture.append(this.ring);
      for (const link of $$("a", picture)) {
        link.setAttribute("tabindex", "-1");
        const title = $("title", link);
        link.setAttribute("aria-label", title.textContent);
        title.remove();
      }
      picture.setAttribute("tabindex", "0");
      picture.addEventListener("pointermove", (event) => this.point(event));
      picture.addEventListener("pointerdown", (event) => this.point(event));
      picture.addEventListener("pointerleave", () => this.hide());
      picture.addEventListener("blur", () => this.hide());
      picture.addEventListener("keydown", (event) => this.press(event));
      picture.addEventListener("click", () => { if (this.at >= 0 && matchMedia("(hover: hover)").matches) this.open(); });
    }

    scale() {
      const box = this.picture.getBoundingClientRect();
      return { box, by: box.width / this.picture.viewBox.baseVal.width };
    }

    point(event) {
      const { box, by } = this.scale();
      const [x, y] = [(event.clientX - box.left) / by, (event.clientY - box.top) / by];
      let best = NEAR * NEAR;
      let nearest = -1;
      this.points.forEach((one, place) => {
        const far = (one.x - x) ** 2 + (one.y - y) ** 2 + (place < this.versions ? 0 : 9); // a version lies above rows
        if (far < best) [best, nearest] = [far, place];
      });
      if (nearest < 0) this.hide();
      else this.show(nearest);
    }

    press(event) {
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
      const rows = { ArrowUp: -1, ArrowDown: 1 };
      if (event.key in steps) this.step(event, steps[event.key], 0, this.versions);
      else if (event.key in rows) this.step(event, rows[event.key], this.versions, this.points.length);
      else if (event.key === "Enter" && this.at >= 0) this.open();
      else if (event.key === "Escape") this.hide();
    }

    /* Go on among the points from `first` to before `end`; from another kind of point, to where that one lies along x. */
    step(event, by, first, end) {
      if (first === end) return;
      event.preventDefault();
      let from = this.at;
      if (from < first || from >= end) {
        const x = from < 0 ? -Infinity : this.points[from].x;
        from = this.points.findLastIndex((one, place) => place >= first && place < end && one.x <= x);
        if (from < 0) from = first - 1;
      }
      this.show(Math.min(end - 1, Math.max(first, from + by)));
    }

    open() {
      const { one } = this.points[this.at];
      if (one.row) this.trials.reveal(one);
      else location.href = pageOf(one.version, this.data.perPage);
    }

    /* What is told of a version. */
    version(idea) {
      const head = make("div");
      head.append(icon(idea.verdict), make("b", `v${idea.version} · ${number(idea.score)}`), ` ${this.data.words[idea.verdict]}`);
      const parts = [head];
      if (idea.difference !== null) {
        const range = idea.low === null ? "" : ` (${signed(idea.low)} to ${signed(idea.high)})`;
        parts.push(make("small", `${signed(idea.difference)} to the champion${range}`));
      }
      return [...parts, make("p", idea.hypothesis), make("small", idea.reason)];
    }

    /* What is told of a row of a search. */
    searched({ row, batch }) {
      const head = make("div");
      head.append(make("b", `trial ${row.trial} · ${number(row.score)}`), " search row");
      return [head, make("p", row.text), make("small", batch === row ? "" : batch.text)];
    }

    show(place) {
      const { one, x, y } = this.points[place];
      if (place !== this.at) {
        this.at = place;
        this.ring.setAttribute("cx", x);
        this.ring.setAttribute("cy", y);
        this.ring.setAttribute("visibility", "visible");
        this.tip.replaceChildren(...(one.row ? this.searched(one) : this.version(one)));
      }
      this.tip.hidden = false;
      const { box, by } = this.scale();
      const [left, top] = [box.left + x * by, box.top + y * by];
      const { offsetWidth: width, offsetHeight: height } = this.tip;
      this.tip.style.left = `${Math.min(Math.max(12, left + 14), innerWidth - width - 12)}px`;
      this.tip.style.top = `${top - height - 14 < 8 ? top + 14 : top - height - 14}px`;
    }

    hide() {
      this.at = -1;
      this.tip.hidden = true;
      this.ring.setAttribute("visibility", "hidden");
    }
  }

  // ------------------------------------------------------------------ start

  /* Called by data.js, which is fetched as a script: a page opened as a file may fetch nothing else. */
  window.fastheurData = (data) => {
    const ideas = data.ideas.map((row) => readIdea(row, data.said));
    const tip = make("div", undefined, { class: "tip", role: "status" });
    tip.hidden = true;
    document.body.append(tip);
    const trials = new Trials($("table.trials"), data, new Map(ideas.map((idea) => [idea.version, idea])));
    for (const picture of $$("svg.chart")) new Curve(picture, data, ideas, trials, tip);
    root.dataset.ready = "true";
  };

  document.addEventListener("DOMContentLoaded", () => {
    for (const element of $$(".needs-js")) element.hidden = false;
    for (const element of $$(".no-js")) element.hidden = true;
    bindTheme();
    bindCopy();
    const trials = $("table.trials");
    if (trials) document.head.append(make("script", undefined, { src: trials.dataset.source }));
    const grid = $("table.sortable");
    if (grid) bindGrid(grid);
    if (!trials) root.dataset.ready = "true";
  });
})();
