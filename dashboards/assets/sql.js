// The SQL page, and tables of unknown columns: the parts that need no server.
(function () {
  "use strict";

  // A cell as text: a null is visible, and a comma separates thousands.
  window.dashAgGridFunctions = Object.assign({}, window.dashAgGridFunctions, {
    tokentideCell: function (params) {
      const value = params.value;
      if (value === null || value === undefined) { return "null"; }
      if (typeof value !== "number") { return String(value); }
      const digits = Number.isInteger(value) ? {} : { maximumSignificantDigits: 6 };
      return value.toLocaleString("en-US", digits);
    }
  });

  const LOOK_MS = 400;
  const LOST_MS = 20000;
  let timer = 0;

  function look() {
    // Another page may have taken the place of this one.
    if (!document.getElementById("sql-paced")) { return; }
    timer = setTimeout(look, LOST_MS);
    window.dash_clientside.set_props("sql-look", { data: Date.now() });
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    sql: {
      // Look at a query until it is done: soon after the reply to the last look, or, where that was
      // lost, after a while.
      lookAgain: function (key, looked) {
        clearTimeout(timer);
        const isDone = looked && looked.key === key && looked.is_done;
        if (key && !isDone) { timer = setTimeout(look, LOOK_MS); }
        return "";
      }
    }
  });

  // React notices a new text only through the element's own setter and an event.
  function insert(text, begin, end) {
    const editor = document.getElementById("sql-text");
    if (!editor) { return; }
    const before = editor.value;
    const head = before.slice(0, begin ?? before.length);
    const tail = before.slice(end ?? before.length);
    const setter = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set;
    setter.call(editor, head + text + tail);
    editor.dispatchEvent(new Event("input", { bubbles: true }));
    editor.focus();
    const at = (begin ?? before.length) + text.length;
    editor.setSelectionRange(at, at);
  }

  document.addEventListener("click", function (event) {
    const button = event.target.closest("[data-insert], [data-fill], [data-link]");
    if (!button) { return; }
    const editor = document.getElementById("sql-text");
    if (button.dataset.insert) {
      insert(button.dataset.insert, editor.selectionStart, editor.selectionEnd);
    }
    if (button.dataset.fill) { insert(button.dataset.fill, 0, editor.value.length); }
    if (button.dataset.link && navigator.clipboard) {
      const label = button.textContent;
      navigator.clipboard.writeText(window.location.origin + button.dataset.link).then(function () {
        button.textContent = "Copied";
        setTimeout(function () { button.textContent = label; }, 1500);
      });
    }
  });

  // The address holds the query that was run, so that it can be sent and found in the history. The
  // server reads no longer one than this.
  const MAX_ADDRESS = 20000;

  document.addEventListener("click", function (event) {
    if (event.target.id !== "sql-run") { return; }
    const text = document.getElementById("sql-text").value.trim();
    const search = "?" + new URLSearchParams({ q: text, run: "1" });
    const isHeld = text && search.length <= MAX_ADDRESS;
    window.history.replaceState({}, "", window.location.pathname + (isHeld ? search : ""));
  });

  document.addEventListener("keydown", function (event) {
    const isRun = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if (event.target.id === "sql-text" && isRun) {
      event.preventDefault();
      document.getElementById("sql-run").click();
    }
  });
})();
