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

  // The frame has the table's height and says that it is coming (tokentide.css): the script may take a
  // second, and the component fetches a part of itself after that.
  function AgGrid(props) {
    const height = props.style && props.style.height;
    const grid = React.createElement(React.Suspense, { fallback: null }, React.createElement(Grid, props));
    return React.createElement("div", { className: "grid-frame", style: { minHeight: height } }, grid);
  }
  // The component declares the same: Dash then tells it who changed it.
  AgGrid.dashRenderType = true;
  const placeholder = { AgGrid: AgGrid };
  window.dash_ag_grid = placeholder;
})();
