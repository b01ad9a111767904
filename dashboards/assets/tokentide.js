// What happens in the browser alone: choices into the URL, light and dark, downloads of pictures, the viewer's zone.
(function () {
  "use strict";

  // The controls of the page, so that going back can set them to what the URL then says.
  let shown = [];
  let numbers = {};
  // What is shown, as the server called it when it made it.
  let there = null;

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    tokentide: {
      // The controls' values become the URL's search part; what other names it has stays.
      choose: function (values, ids, search) {
        const asked = new URLSearchParams(search || "");
        const before = asked.toString();
        shown = ids;
        numbers = Object.fromEntries(ids.filter((id, place) => typeof values[place] === "number").map((id) => [id.name, true]));
        ids.forEach(function (id, place) {
          const value = String(values[place] ?? id.default);
          if ((asked.get(id.name) ?? id.default) !== value) { asked.set(id.name, value); }
        });
        const after = asked.toString();
        if (after !== before) { window.dash_clientside.set_props("url", { search: "?" + after }); }
        return "";
      },
      scheme: function (clicks, now) {
        const preferred = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
        const current = now || preferred;
        if (!clicks) { return current; }
        return current === "dark" ? "light" : "dark";
      },
      paint: function (scheme) {
        document.documentElement.dataset.scheme = scheme || "light";
        document.documentElement.dataset.agThemeMode = scheme || "light";
        return [scheme || "light", scheme === "dark" ? "Light" : "Dark"];
      },
      // What was changed must be what is there: an answer that came late, after another, changed something else. Then all is made anew.
      judge: function (now) {
        if (!now) { return window.dash_clientside.no_update; }
        const isRight = now.before === null || (there && there.whole === now.whole && there.search === now.before);
        there = now;
        return isRight ? window.dash_clientside.no_update : Date.now();
      },
      // A point whose customdata is a path leads there.
      follow: function (clicks) {
        const context = window.dash_clientside.callback_context;
        const clicked = context.triggered.length ? context.triggered[0].value : null;
        const data = clicked && clicked.points && clicked.points.length ? clicked.points[0].customdata : null;
        const path = Array.isArray(data) ? data[data.length - 1] : data;
        if (typeof path === "string" && path.startsWith("/")) {
          window.dash_clientside.set_props("url", { href: path });
          adopt(new URLSearchParams(path.split("?")[1] || ""));
        }
        return "";
      },
      burger: function (opened, path, navbar) {
        const byWay = window.dash_clientside.callback_context.triggered_id === "url";
        return Object.assign({}, navbar, { collapsed: { mobile: byWay || !opened } });
      }
    }
  });

  // The server is told which cards are near, and is asked for those of them that wait.
  const NEAR = 700;
  let told = "";
  let isLooking = false;

  function look() {
    isLooking = false;
    const cells = [...document.querySelectorAll(".cell")].filter(function (cell) {
      const box = cell.getBoundingClientRect();
      return box.bottom > -NEAR && box.top < window.innerHeight + NEAR;
    });
    const places = cells.map((cell) => Number(cell.dataset.place));
    if (String(places) !== told && window.dash_clientside.set_props) {
      told = String(places);
      window.dash_clientside.set_props("seen", { data: places });
    }
    const waiting = cells.map((cell) => cell.querySelector(".waiting:not([data-asked])")).filter(Boolean);
    if (!waiting.length || !window.dash_clientside.set_props) { return; }
    waiting.forEach((card) => { card.dataset.asked = "yes"; });
    window.dash_clientside.set_props("wanted", { data: waiting.map((card) => Number(card.closest(".cell").dataset.place)) });
  }

  function lookSoon() {
    if (!isLooking) { isLooking = true; setTimeout(look, 60); }
  }

  window.addEventListener("scroll", lookSoon, { passive: true, capture: true });
  window.addEventListener("resize", lookSoon);
  new MutationObserver(lookSoon).observe(document.documentElement, { childList: true, subtree: true });

  // The controls hold what the URL says, also when something else than a control changed it.
  function adopt(asked) {
    shown.forEach(function (id) {
      const value = asked.get(id.name) ?? id.default;
      window.dash_clientside.set_props(id, { value: id.name in numbers ? parseFloat(value) : value });
    });
  }

  window.addEventListener("popstate", function () { adopt(new URLSearchParams(window.location.search)); });

  function picture(button) {
    const card = button.closest(".card");
    const drawing = card.querySelector(".js-plotly-plot");
    if (!drawing || !window.Plotly) { return; }
    const layout = Object.assign({}, drawing.layout, {
      title: { text: card.dataset.title + "<br><sub>" + card.dataset.unit + "</sub>", x: 0.01, xanchor: "left" },
      margin: Object.assign({}, drawing.layout.margin, { t: 70, b: 70 }),
      annotations: (drawing.layout.annotations || []).concat([{
        text: card.dataset.source, showarrow: false, xref: "paper", yref: "paper", x: 0, y: 0, yshift: -64, xanchor: "left", font: { size: 10 }
      }]),
      width: 1200, height: 675
    });
    const name = card.id.replace("card-", "tokentide-");
    window.Plotly.toImage({ data: drawing.data, layout: layout }, { format: button.dataset.picture, width: 1200, height: 675 })
      .then(function (address) {
        const link = document.createElement("a");
        link.href = address;
        link.download = name + "." + button.dataset.picture;
        link.click();
      });
  }

  function copy(button) {
    const said = button.textContent;
    const done = function () {
      button.textContent = "Copied";
      setTimeout(function () { button.textContent = said; }, 1500);
    };
    if (navigator.clipboard) { navigator.clipboard.writeText(button.dataset.copy).then(done); return; }
    // Without TLS a browser has no clipboard for pages of other hosts; then the text is at least selected.
    const query = button.closest(".card-query").querySelector("pre");
    window.getSelection().selectAllChildren(query);
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-picture], [data-copy]");
    if (button) { button.dataset.picture ? picture(button) : copy(button); }
  });

  // What an instant of a chart is in the viewer's zone. A day, which has no time of day in the data, is the same everywhere.
  function inZone(text) {
    if (!/[T ]\d\d:\d\d/.test(String(text))) { return ""; }
    const at = new Date(String(text).slice(0, 23).replace(" ", "T").replace(/(Z|[+-]\d\d:?\d\d)$/, "") + "Z");
    if (isNaN(at)) { return ""; }
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const parts = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const said = (where) => at.toLocaleString("en-GB", Object.assign({ timeZone: where }, parts));
    return said("UTC") + " UTC = " + said(zone) + " " + zone;
  }

  function hasInstants(drawing) {
    return drawing.data.some((trace) => trace.x && trace.x.length && /T\d\d:\d\d/.test(String(trace.x[0])));
  }

  function watchZone(drawing) {
    drawing.dataset.zone = "watched";
    drawing.on("plotly_hover", function (hovered) {
      const said = hasInstants(drawing) ? inZone(hovered.points[0].x) : "";
      const line = drawing.querySelector(".zone") || drawing.appendChild(Object.assign(document.createElement("div"), { className: "zone" }));
      line.textContent = said;
      line.hidden = !said;
    });
    drawing.on("plotly_unhover", function () { (drawing.querySelector(".zone") || {}).hidden = true; });
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
