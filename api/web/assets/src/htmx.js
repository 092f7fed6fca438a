import htmx from "htmx.org";

// What a person opened stays open when its fragment is fetched anew; the server may open, but never closes.
htmx.registerExtension("keep-open", {
  htmx_before_morph_attr: (_element, { attrName, newValue }) => !(attrName === "open" && newValue === null),
});
// A conversation on the page looks after itself: it is not made anew with what stands around it. Neither is a form that was
// fetched when it was opened: what was typed into it stays where it is refused.
htmx.config.morphSkipChildren = "[hx-morph-skip-children], .opened:has([data-refresh]), [data-fetch]:has(form)";

window.htmx = htmx;
export default htmx;
