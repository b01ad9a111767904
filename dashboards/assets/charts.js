// The script of charts, fetched beside those of the page and run after them (dashboards/scripts.py).
// Charts are then drawn one at a time, the topmost first, so that a viewer sees the first one before
// the others are done.
(function () {
  "use strict";

  const address = document.querySelector('meta[name="chart-script"]');
  if (!address) { return; }

  const waiting = [];
  let isDrawing = false;

  function drawNext() {
    if (!waiting.length) { isDrawing = false; return; }
    waiting.sort((one, other) => one.top() - other.top());
    waiting.shift().draw();
    setTimeout(drawNext);
  }

  function inTurn(draw) {
    return function (graph, ...figure) {
      return new Promise(function (done, failed) {
        waiting.push({
          top: () => graph.getBoundingClientRect().top,
          // A card that was replaced meanwhile needs no drawing.
          draw: () => graph.isConnected
            ? Promise.resolve(draw(graph, ...figure)).then(done, failed)
            : done(graph),
        });
        if (!isDrawing) { isDrawing = true; setTimeout(drawNext); }
      });
    };
  }

  // A chart waits for what stands here.
  window.Plotly = new Promise(function (done, failed) {
    function load() {
      const script = document.createElement("script");
      script.src = address.content;
      script.onload = function () {
        window.Plotly.react = inTurn(window.Plotly.react);
        window.Plotly.newPlot = inTurn(window.Plotly.newPlot);
        done();
      };
      script.onerror = failed;
      document.head.appendChild(script);
    }
    window.addEventListener("DOMContentLoaded", load);
  });
})();
