// What pages need. Each module wires one behaviour by `data-` attributes, and does nothing on a page without them.
// `mantik.frontend` makes one file of all, with the libraries.
import "./append.js";
import "./come-back.js";
import "./complete.js";
import "./connection.js";
import "./copy.js";
import "./date-words.js";
import "./dialogs.js";
import "./drawer.js";
import "./durations.js";
import "./fill.js";
import "./htmx-setup.js";
import "./live.js";
import "./log.js";
import "./menus.js";
import "./messages.js";
import "./metrics.js";
import "./outline.js";
import "./passkeys.js";
import "./relative-time.js";
import "./rows.js";
import "./shortcuts.js";
import "./submit-once.js";
import "./ticks.js";
import "./unsaved.js";
import "./zone-offer.js";
