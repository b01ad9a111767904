// Draw the figures from the data beside them; on paper they get the width of a page.
(function () {
  "use strict";
  const PAPER_WIDTH = 660;
  const CONFIG = { displaylogo: false, displayModeBar: false, responsive: true, showTips: false };
  const graphs = [...document.querySelectorAll(".graph")];
  graphs.forEach(function (graph) {
    const figure = JSON.parse(graph.nextElementSibling.textContent);
    Plotly.newPlot(graph, figure.data, figure.layout, CONFIG);
  });
  window.addEventListener("beforeprint", function () {
    const paper = { autosize: false, width: PAPER_WIDTH };
    graphs.forEach(function (graph) { Plotly.relayout(graph, paper); });
  });
  window.addEventListener("afterprint", function () {
    const screen = { autosize: true, width: null };
    graphs.forEach(function (graph) { Plotly.relayout(graph, screen); });
  });
})();
