import htmx from "htmx.org";

// What a person opened stays open when its fragment is fetched anew; the server may open, but never closes.
htmx.registerExtension("keep-open", {
  htmx_before_morph_attr: (_element, { attrName, newValue }) => !(attrName === "open" && newValue === null),
});
// A conversation on the page looks after itself: it is not made anew with what stands around it.
htmx.config.morphSkipChildren = "[hx-morph-skip-children], .opened:has([data-refresh])";

window.htmx = htmx;
export default htmx;
