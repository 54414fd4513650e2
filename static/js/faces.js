/* Pointing at a face in the photo shows its card, and the other way round; so does the keyboard. */
"use strict";
(() => {
  const point = (event) => {
    const at = event.target.closest?.("[data-face]") ?? document.activeElement.closest("[data-face]");
    for (const element of document.querySelectorAll("[data-face]")) {
      element.classList.toggle("pointed", element.dataset.face === at?.dataset.face);
    }
  };
  for (const kind of ["pointerover", "focusin"]) document.addEventListener(kind, point);
})();
