// Everything that happens in the browser alone: choices into the URL, light and dark, pictures, and
// the viewer's time zone.
(function () {
  "use strict";

  // The controls of the page, so that the back button can set them to what the URL then holds.
  let controls = [];
  let numeric = {};
  // The controls that hold several values, which the URL writes with commas.
  let several = {};
  // The value of each control as it was written last, by its name.
  const chosen = {};
  const TYPING_MS = 600;
  let datesTimer = 0;
  // The page that is shown, as the server named it when it built it; null if it is a mixture.
  let shownPage = null;
  // The number of replies that were followed.
  let followed = 0;
  // When a page that is not there yet was asked for, 0 once there is a reply.
  let askedAt = 0;
  const LOST_MS = 20000;
  const LATE_MS = 3000;
  let lateTimer = 0;
  // The address by which Dash asks. A page may write into the browser's, as that of SQL does.
  let asked = {};

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    tokentide: {
      // Write the controls' values into the URL's search part; other names in it stay.
      writeChoices: function (values, ids, search) {
        const params = new URLSearchParams(search || "");
        const before = params.toString();
        controls = ids;
        const numbers = ids.filter((id, index) => typeof values[index] === "number");
        numeric = Object.fromEntries(numbers.map((id) => [id.name, true]));
        const lists = ids.filter((id, index) => Array.isArray(values[index]));
        several = Object.fromEntries(lists.map((id) => [id.name, true]));
        ids.forEach(function (id, index) {
          const value = String(values[index] ?? id.default);
          if ((params.get(id.name) ?? id.default) !== value) { params.set(id.name, value); }
        });
        ids.forEach(function (id, index) {
          chosen[id.name] = String(values[index] ?? id.default);
          showDates(id.name, chosen[id.name]);
        });
        const after = params.toString();
        if (after !== before) { window.dash_clientside.set_props("url", { search: "?" + after }); }
        return "";
      },
      // Make the dates of a period its choice, once nobody types in them any more.
      writeDates: function (values, ids) {
        clearTimeout(datesTimer);
        datesTimer = setTimeout(function () { chooseDates(values, ids); }, TYPING_MS);
        return "";
      },
      switchScheme: function (clicks, now) {
        const isDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
        const current = now || (isDark ? "dark" : "light");
        if (!clicks) { return current; }
        return current === "dark" ? "light" : "dark";
      },
      applyScheme: function (scheme) {
        document.documentElement.dataset.scheme = scheme || "light";
        document.documentElement.dataset.agThemeMode = scheme || "light";
        return [scheme || "light", scheme === "dark" ? "Light" : "Dark"];
      },
      // A change must start from the page that is there. A late reply changed another page: then the
      // whole page is built again, whatever else is asked for meanwhile. Replies that come at once
      // are announced at once, so each is followed here, in the order in which it was applied.
      followReplies: function (replies, path, search) {
        asked = { path: path, search: search || "" };
        let isMixed = false;
        replies.slice(followed).forEach(function (now) {
          // A reply without a page: a day of the past that is being made, or nothing published.
          if (!now) { shownPage = null; isMixed = false; return; }
          const isSame =
            shownPage && shownPage.whole === now.whole && shownPage.search === now.before;
          shownPage = now.before === null || isSame ? now : null;
          isMixed = !shownPage;
        });
        if (replies.length > followed) { askedAt = 0; }
        followed = replies.length;
        scheduleReport();
        // Not as outputs: the renderer follows no chain of callbacks round to where it began, so the
        // reply to this request would not be followed.
        clearTimeout(lateTimer);
        if (isMixed) { setTimeout(askForWhole); }
        // After a way there and back, a late reply starts from the page that is there. So where the
        // page is not that of the address, and no other reply comes, it is built whole too.
        if (!isMixed && !isOfAddress()) { lateTimer = setTimeout(askIfLate, LATE_MS); }
        return "";
      },
      // The renderer drops the reply to a request once there is a newer one, so wait for it.
      askAgain: function (passed) {
        const isOpen = Date.now() - askedAt < LOST_MS;
        if (!passed || isOpen) { return window.dash_clientside.no_update; }
        askedAt = Date.now();
        return askedAt;
      },
      // Follow a click on a point whose customdata is a path.
      followLink: function (clicks) {
        const context = window.dash_clientside.callback_context;
        const clicked = context.triggered.length ? context.triggered[0].value : null;
        const point = clicked && clicked.points ? pickPoint(clicked.points) : null;
        const data = point ? point.customdata : null;
        const path = Array.isArray(data) ? data[data.length - 1] : data;
        if (typeof path === "string" && path.startsWith("/")) { follow(path); }
        return "";
      },
      nameDocument: function (name) {
        document.title = name ? name + " · Tokentide" : "Tokentide";
        return "";
      },
      toggleNavigation: function (opened, path, navbar) {
        const isNewPage = window.dash_clientside.callback_context.triggered_id === "url";
        return Object.assign({}, navbar, { collapsed: { mobile: isNewPage || !opened } });
      }
    }
  });

  // A click on a chart with one hover for a column names every point of the column: find the one
  // meant, of lines the nearest, of bars on top of each other the one below whose top it is.
  let pressed = null;
  document.addEventListener("mousedown", function (event) { pressed = event; }, true);

  function pickPoint(points) {
    const drawing = pressed && pressed.target.closest(".js-plotly-plot");
    if (points.length < 2 || !drawing || !points[0].bbox) { return points[0]; }
    // Plotly counts from the element in which the chart is placed.
    const offset = drawing.offsetTop + drawing.clientTop;
    const y = pressed.clientY - drawing.getBoundingClientRect().top + offset;
    const isBar = (drawing._fullData[points[0].curveNumber] || {}).type === "bar";
    const below = points.filter((point) => point.bbox.y0 <= y);
    const among = isBar && below.length ? below : points;
    const distance = (point) => Math.abs(point.bbox.y0 - y);
    return among.reduce((best, point) => (distance(point) < distance(best) ? point : best));
  }

  function isOfAddress() {
    return !shownPage || (shownPage.path === asked.path && shownPage.search === asked.search);
  }

  function askIfLate() {
    if (!isOfAddress()) { askForWhole(); }
  }

  function askForWhole() {
    window.dash_clientside.set_props("shown", { data: null });
    window.dash_clientside.set_props("again", { data: Date.now() });
  }

  // Tell the server which cards are near the screen, and ask it for those that wait.
  const NEAR_PIXELS = 700;
  const ASK_AGAIN_MS = 4000;
  let lastSeen = "";
  let isScheduled = false;

  function reportNearCards() {
    isScheduled = false;
    showSections();
    const unfolded = [...document.querySelectorAll(".cell")].filter((cell) => !isFolded(cell));
    const cells = unfolded.filter(function (cell) {
      const box = cell.getBoundingClientRect();
      return box.bottom > -NEAR_PIXELS && box.top < window.innerHeight + NEAR_PIXELS;
    });
    const places = cells.map((cell) => Number(cell.dataset.place));
    if (String(places) !== lastSeen && window.dash_clientside.set_props) {
      lastSeen = String(places);
      window.dash_clientside.set_props("seen", { data: places });
    }
    // The reply for a page that the renderer has not announced yet would pass for one that came late.
    const isAnnounced = (cell) => shownPage && JSON.parse(cell.id).whole === shownPage.whole;
    const announced = cells.filter(isAnnounced);
    const waiting = announced.map((cell) => cell.querySelector(".waiting")).filter(Boolean);
    if (!waiting.length || !window.dash_clientside.set_props) { return; }
    // A busy renderer sends only the last of several requests, so ask for a card again after a while.
    setTimeout(scheduleReport, ASK_AGAIN_MS);
    const due = waiting.filter(function (card) {
      return Date.now() - Number(card.dataset.asked || 0) >= ASK_AGAIN_MS;
    });
    if (!due.length) { return; }
    due.forEach((card) => { card.dataset.asked = Date.now(); });
    const wanted = due.map((card) => Number(card.closest(".cell").dataset.place));
    window.dash_clientside.set_props("wanted", { data: wanted });
  }

  function scheduleReport() {
    if (!isScheduled) { isScheduled = true; setTimeout(reportNearCards, 60); }
  }

  window.addEventListener("scroll", scheduleReport, { passive: true, capture: true });
  window.addEventListener("resize", scheduleReport);
  const everything = { childList: true, subtree: true };
  new MutationObserver(scheduleReport).observe(document.documentElement, everything);

  // Sections fold. The browser remembers which a viewer opened or folded, page by page, and a link
  // to a section (#section-latency) opens it.
  const SECTIONS = "tokentide-sections";
  let jumpedTo = "";

  function readSections() {
    try { return JSON.parse(localStorage.getItem(SECTIONS)) || {}; } catch (error) { return {}; }
  }

  function keepSection(section, isOpen) {
    const known = Object.assign(readSections(), { [nameSection(section)]: isOpen });
    try { localStorage.setItem(SECTIONS, JSON.stringify(known)); } catch (error) { return; }
  }

  function nameSection(section) { return window.location.pathname + "#" + section.id; }

  function isFolded(cell) {
    const section = cell.closest("details.section");
    return section && !section.open && !cell.closest("summary");
  }

  function showSections() {
    const known = readSections();
    document.querySelectorAll("details.section").forEach(function (section) {
      // A page that follows may take over the element, and a choice may open a section.
      const name = nameSection(section);
      const shown = name + section.dataset.folded;
      if (section.dataset.shown === shown) { return; }
      section.dataset.shown = shown;
      section.open = known[name] ?? section.dataset.folded !== "true";
    });
    if (window.location.hash && jumpedTo !== window.location.pathname + window.location.hash) {
      jumpToSection();
    }
  }

  function jumpToSection() {
    const target = document.getElementById(window.location.hash.slice(1));
    const section = target && target.closest("details.section");
    if (!section) { return; }
    jumpedTo = window.location.pathname + window.location.hash;
    section.open = true;
    target.scrollIntoView();
  }

  window.addEventListener("hashchange", jumpToSection);
  document.addEventListener("toggle", scheduleReport, true);
  document.addEventListener("click", function (event) {
    const summary = event.target.closest("details.section > summary");
    // The click folds or opens it after this.
    if (summary) { keepSection(summary.parentElement, !summary.parentElement.open); }
    const link = event.target.closest(".jump");
    // The address does not change if it already leads there.
    if (link && link.hash === window.location.hash) { jumpToSection(); }
  });

  // Choices that mean the same on every page that has them.
  const SHARED = ["weeks", "as_of"];

  // Go to a path as a mark or a cell names it. On the same page all other choices stay; another page
  // takes over those that it shares.
  function follow(path) {
    const target = new URL(path, window.location);
    const params = new URLSearchParams(window.location.search);
    const isSame = target.pathname === window.location.pathname;
    if (!isSame) { [...params.keys()].forEach((key) => SHARED.includes(key) || params.delete(key)); }
    target.searchParams.forEach((value, key) => params.set(key, value));
    const search = params.toString();
    const address = target.pathname + (search ? "?" + search : "") + target.hash;
    window.dash_clientside.set_props("url", { href: address });
    if (isSame) { setControls(params); }
  }

  // Links in tables, by a click or by Enter on the cell.
  function linkOf(event) {
    const cell = event.target.closest && event.target.closest(".ag-cell");
    return cell && (event.target.closest("a[href^='/']") || event.type === "keydown")
      ? cell.querySelector("a[href^='/']") : null;
  }

  function followCell(event) {
    const isOther = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    const link = !isOther && linkOf(event);
    if (!link) { return; }
    event.preventDefault();
    event.stopPropagation();
    follow(link.getAttribute("href"));
  }

  document.addEventListener("click", followCell, true);
  document.addEventListener("keydown", function (event) {
    if (event.key === "Enter") { followCell(event); }
  }, true);

  // The two dates of a choice of a period; null where it has none.
  function datesOf(name, value) {
    const found = document.querySelector('[data-period="' + name + '"]');
    if (!found) { return null; }
    return value.includes("..") ? value.split("..") : JSON.parse(found.dataset.ranges)[value] || null;
  }

  function chooseDates(values, ids) {
    const sides = {};
    ids.forEach(function (id, index) {
      sides[id.name] = Object.assign(sides[id.name] || {}, { [id.side]: values[index] || "" });
    });
    Object.entries(sides).forEach(function ([name, side]) {
      const control = controls.find((id) => id.name === name);
      const shown = datesOf(name, chosen[name] || "") || ["", ""];
      if (control && (shown[0] !== side.first || shown[1] !== side.last)) {
        window.dash_clientside.set_props(control, { value: side.first + ".." + side.last });
      }
    });
  }

  function showDates(name, value) {
    const dates = datesOf(name, value);
    if (!dates) { return; }
    ["first", "last"].forEach(function (side, index) {
      const id = { type: "date", name: name, side: side };
      window.dash_clientside.set_props(id, { value: dates[index] });
    });
  }

  // Set the controls to the URL's choices, also when something other than a control changed it.
  function setControls(params) {
    controls.forEach(function (id) {
      const text = params.get(id.name) ?? id.default;
      const list = text ? text.split(",") : [];
      const value = id.name in numeric ? parseFloat(text) : id.name in several ? list : text;
      window.dash_clientside.set_props(id, { value: value });
    });
  }

  window.addEventListener("popstate", function () {
    setControls(new URLSearchParams(window.location.search));
  });
  // A link to other choices of the page that is shown; Dash's links announce themselves so.
  window.addEventListener("_dashprivate_pushstate", function () {
    if (shownPage && shownPage.path === window.location.pathname) {
      setControls(new URLSearchParams(window.location.search));
    }
  });

  function pictureLayout(drawing, card) {
    const title = card.dataset.title + "<br><sub>" + card.dataset.unit + "</sub>";
    const source = {
      text: card.dataset.source, showarrow: false, xref: "paper", yref: "paper",
      x: 0, y: 0, yshift: -64, xanchor: "left", font: { size: 10 }
    };
    return Object.assign({}, drawing.layout, {
      title: { text: title, x: 0.01, xanchor: "left" },
      margin: Object.assign({}, drawing.layout.margin, { t: 70, b: 70 }),
      annotations: (drawing.layout.annotations || []).concat([source]),
      width: 1200,
      height: 675
    });
  }

  function downloadPicture(button) {
    const card = button.closest(".card");
    const drawing = card.querySelector(".js-plotly-plot");
    if (!drawing || !window.Plotly) { return; }
    const format = button.dataset.picture;
    const picture = { data: drawing.data, layout: pictureLayout(drawing, card) };
    window.Plotly.toImage(picture, { format: format, width: 1200, height: 675 })
      .then(function (address) {
        const link = document.createElement("a");
        link.href = address;
        link.download = card.id.replace("card-", "tokentide-") + "." + format;
        link.click();
      });
  }

  function copyQuery(button) {
    const label = button.textContent;
    const confirm = function () {
      button.textContent = "Copied";
      setTimeout(function () { button.textContent = label; }, 1500);
    };
    if (navigator.clipboard) {
      // An address is copied whole, so that it leads here from elsewhere.
      const isAddress = button.dataset.address;
      const text = isAddress ? new URL(button.dataset.copy, window.location).href : button.dataset.copy;
      navigator.clipboard.writeText(text).then(confirm);
      return;
    }
    // Without TLS a browser has no clipboard for pages of other hosts; then select the text at least.
    const query = button.closest(".card-query").querySelector("pre");
    window.getSelection().selectAllChildren(query);
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-picture], [data-copy]");
    if (button) { button.dataset.picture ? downloadPicture(button) : copyQuery(button); }
  });

  // An instant of a chart in the viewer's time zone. A day, which has no time, is the same everywhere.
  function inZone(text) {
    if (!/[T ]\d\d:\d\d/.test(String(text))) { return ""; }
    const plain = String(text).slice(0, 23).replace(" ", "T").replace(/(Z|[+-]\d\d:?\d\d)$/, "");
    const at = new Date(plain + "Z");
    if (isNaN(at)) { return ""; }
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const parts = {
      day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23"
    };
    const write = (where) => at.toLocaleString("en-GB", Object.assign({ timeZone: where }, parts));
    return write("UTC") + " UTC = " + write(zone) + " " + zone;
  }

  function hasInstants(drawing) {
    return drawing.data.some(function (trace) {
      return trace.x && trace.x.length && /T\d\d:\d\d/.test(String(trace.x[0]));
    });
  }

  function zoneLine(drawing) {
    const line = Object.assign(document.createElement("div"), { className: "zone" });
    return drawing.querySelector(".zone") || drawing.appendChild(line);
  }

  function watchZone(drawing) {
    drawing.dataset.zone = "watched";
    drawing.on("plotly_hover", function (hovered) {
      const text = hasInstants(drawing) ? inZone(hovered.points[0].x) : "";
      const line = zoneLine(drawing);
      line.textContent = text;
      line.hidden = !text;
    });
    drawing.on("plotly_unhover", function () { zoneLine(drawing).hidden = true; });
  }

  document.addEventListener("mouseover", function (event) {
    const drawing = event.target.closest && event.target.closest(".js-plotly-plot");
    if (drawing && drawing.on && !drawing.dataset.zone) { watchZone(drawing); }
    const time = event.target.closest && event.target.closest("time.moment");
    if (!time || !time.dateTime) { return; }
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    time.title = new Date(time.dateTime).toLocaleString() + " (" + zone + ")";
  });
})();
