// The SQL page and the tables of unknown columns: what needs no server.
(function () {
  "use strict";

  // A cell as text: nulls are said, numbers have their thousands apart, as everywhere with a comma.
  window.dashAgGridFunctions = Object.assign({}, window.dashAgGridFunctions, {
    tokentideCell: function (params) {
      const value = params.value;
      if (value === null || value === undefined) { return "null"; }
      if (typeof value !== "number") { return String(value); }
      return Number.isInteger(value) ? value.toLocaleString("en-US") : value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
    }
  });

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    sql: {
      // Whether there is nothing to wait for: no query, or one that is done.
      idle: function (key, done) { return !key || key === done; }
    }
  });

  // React hears of a new text only through the element's own setter and an event.
  function write(text, begin, end) {
    const editor = document.getElementById("sql-text");
    if (!editor) { return; }
    const before = editor.value;
    const made = before.slice(0, begin ?? before.length) + text + before.slice(end ?? before.length);
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(editor, made);
    editor.dispatchEvent(new Event("input", { bubbles: true }));
    editor.focus();
    const at = (begin ?? before.length) + text.length;
    editor.setSelectionRange(at, at);
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-insert], [data-fill], [data-link]");
    if (!button) { return; }
    const editor = document.getElementById("sql-text");
    if (button.dataset.insert) { write(button.dataset.insert, editor.selectionStart, editor.selectionEnd); }
    if (button.dataset.fill) { write(button.dataset.fill, 0, editor.value.length); }
    if (button.dataset.link && navigator.clipboard) {
      const said = button.textContent;
      navigator.clipboard.writeText(window.location.origin + button.dataset.link).then(function () {
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = said; }, 1500);
      });
    }
  });

  document.addEventListener("keydown", function (event) {
    if (event.target.id === "sql-text" && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      document.getElementById("sql-run").click();
    }
  });
})();
