// Draws the figures from the data beside them; for paper they get the width of a page.
(function () {
  "use strict";
  const PAPER = 660;
  const graphs = [...document.querySelectorAll(".graph")];
  graphs.forEach(function (graph) {
    const figure = JSON.parse(graph.nextElementSibling.textContent);
    Plotly.newPlot(graph, figure.data, figure.layout, { displaylogo: false, displayModeBar: false, responsive: true, showTips: false });
  });
  window.addEventListener("beforeprint", function () {
    graphs.forEach(function (graph) { Plotly.relayout(graph, { autosize: false, width: PAPER }); });
  });
  window.addEventListener("afterprint", function () {
    graphs.forEach(function (graph) { Plotly.relayout(graph, { autosize: true, width: null }); });
  });
})();
