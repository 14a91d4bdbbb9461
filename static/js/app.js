// What every page needs. Each module wires one behaviour by `data-` attributes; large ones are loaded if the page uses
// them.
import "./append.js";
import "./connection.js";
import "./copy.js";
import "./dialogs.js";
import "./drawer.js";
import "./durations.js";
import "./fill.js";
import "./htmx-setup.js";
import "./live.js";
import "./menus.js";
import "./messages.js";
import "./relative-time.js";
import "./rows.js";
import "./shortcuts.js";
import "./submit-once.js";
import "./unsaved.js";

if (document.querySelector("[data-log-url]")) import("./log.js");
if (document.querySelector("[data-metrics-url]")) import("./metrics.js");
if (document.querySelector("[data-outline]")) import("./outline.js");
