// Rows that are dragged into an order, which is sent as soon as one is let go. The buttons of each row do the same by keys.
import Sortable from "sortablejs";

export const setUp = (list) => {
  Sortable.create(list, {
    handle: "[data-grip]",
    draggable: "[data-sorted-item]",
    animation: 120,
    onEnd: ({ oldIndex, newIndex }) => {
      if (oldIndex !== newIndex) list.closest("form").requestSubmit();
    },
  });
};
