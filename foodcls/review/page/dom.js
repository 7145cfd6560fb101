// Finds and makes elements, and shows short messages.

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

export function makeButton(className, text = "") {
  const button = make("button", className, text);
  button.type = "button";
  return button;
}

export function makeSvg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// the same elements as before stay and are only changed: one that is replaced between press and
// release gets no click
export function redraw(parent, children) {
  const old = [...parent.children], key = (element) => JSON.stringify(element.dataset);
  if (old.length !== children.length || old.some((element, place) => key(element) !== key(children[place]))) return parent.replaceChildren(...children);
  old.forEach((element, place) => {
    for (const { name, value } of children[place].attributes) element.setAttribute(name, value);
    element.replaceChildren(...children[place].childNodes);
  });
}

// a class as a person reads it
export const displayName = (label) => label.replaceAll("_", " ");

let toastTimer = 0;

export function toast(text, isError = false) {
  const element = $("toast");
  element.textContent = text;
  element.classList.toggle("error", isError);
  // shown anew each time: it has to lie above a dialog that was opened since
  if (element.matches(":popover-open")) element.hidePopover();
  element.showPopover();
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => element.hidePopover(), isError ? 12000 : 2600);
}

// whether what went wrong is still to be read
export const showsError = () => $("toast").matches(".error:popover-open");
