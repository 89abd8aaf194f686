// Counts what is chosen, and chooses a whole page. Without it the boxes are ticked one by one.
"use strict";

const form = document.getElementById("choose");
const count = document.getElementById("count");
const page = document.getElementById("this-page");
const everything = document.getElementById("everything");

if (form && page) {
  const boxes = [...form.querySelectorAll('input[name="seq"]')];
  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    page.checked = chosen > 0 && chosen === boxes.length;
    page.indeterminate = chosen > 0 && chosen < boxes.length;
    count.textContent = everything.checked ? "all chosen" : `${chosen} chosen`;
  };
  page.addEventListener("change", () => {
    for (const box of boxes) box.checked = page.checked;
    tell();
  });
  form.addEventListener("change", tell);
  tell();
}
