// Stands in for the tables' component until the first of them is drawn, and fetches its script then (dashboards/scripts.py).
(function () {
  "use strict";

  const address = document.querySelector('meta[name="grid-script"]');
  if (!address) { return; }

  const Grid = React.lazy(function () {
    return new Promise(function (done, failed) {
      const script = document.createElement("script");
      script.src = address.content;
      script.onload = function () {
        const loaded = window.dash_ag_grid;
        // What is drawn keeps its component, or every table would be made anew when it is next changed.
        window.dash_ag_grid = standIn;
        done({ default: loaded.AgGrid });
      };
      script.onerror = failed;
      document.head.appendChild(script);
    });
  });

  function AgGrid(props) {
    return React.createElement(React.Suspense, { fallback: React.createElement("div", { style: props.style }) }, React.createElement(Grid, props));
  }
  // As the component itself says: it is to be told who changed it.
  AgGrid.dashRenderType = true;
  const standIn = { AgGrid: AgGrid };
  window.dash_ag_grid = standIn;
})();
