// A placeholder for the component of tables, which fetches the script of tables with the first table
// that is drawn (dashboards/scripts.py).
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
        // Tables keep the placeholder as their component, or each would be rebuilt when it next changes.
        window.dash_ag_grid = placeholder;
        done({ default: loaded.AgGrid });
      };
      script.onerror = failed;
      document.head.appendChild(script);
    });
  });

  function AgGrid(props) {
    const frame = React.createElement("div", { style: props.style });
    return React.createElement(React.Suspense, { fallback: frame }, React.createElement(Grid, props));
  }
  // The component declares the same: Dash then tells it who changed it.
  AgGrid.dashRenderType = true;
  const placeholder = { AgGrid: AgGrid };
  window.dash_ag_grid = placeholder;
})();
