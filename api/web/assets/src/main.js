// htmx comes first: what follows expects window.htmx.
import "./htmx.js";
import "./clocks.js";
import "./dial.js";
import "./controls.js";
import "./opened.js";
import "./keys.js";
import "./refresh.js";
import "./chosen.js";
import "./quotes.js";
import "./strip.js";
import "./fresh.js";
import { whenAdded } from "./added.js";

// Rows that can be dragged, likewise.
whenAdded("[data-sorted]", async (list) => (await import("./sorted.js")).setUp(list));

// The player is a bundle of its own, loaded only where there is something to play.
whenAdded("[data-player]", async (element) => (await import("./player.js")).setUp(element));

// So is the board.
whenAdded("[data-board]", async () => import("./board.js"));

// And charts.
whenAdded("[data-chart]", async (element) => (await import("./chart.js")).setUp(element));
