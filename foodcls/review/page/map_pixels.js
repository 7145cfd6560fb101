// Sets the pixels of thousands of signs at once, which a canvas without a graphics card draws slowly.

import { color, spriteOf } from "./map_signs.js";

let image = null, pixels = null, ground = 0;

const stamps = new WeakMap();

// an empty ground of that size
export function startPixels(pen, width, height) {
  ground = stampOf(["dot", "transparent", ""], 1).ground;
  if (image?.width !== width || image.height !== height) {
    image = pen.createImageData(width, height);
    pixels = new Uint32Array(image.data.buffer);
  }
  pixels.fill(ground);
}

export function putPixels(pen) {
  pen.putImageData(image, 0, 0);
}

// with its middle there, in pixels of the canvas
export function putStamp({ wide, places, colors }, left, top) {
  const { width, height } = image;
  const x = Math.round(left - wide / 2), y = Math.round(top - wide / 2);
  if (x < 0 || y < 0 || x + wide > width || y + wide > height) return; // the margin of the map is empty, or moved through
  const start = y * width + x;
  for (let number = 0; number < places.length; number += 1) {
    const place = places[number];
    pixels[start + (place >> 8) * width + (place & 255)] = colors[number];
  }
}

// the pixels of a sign that differ from the ground: row and column, and their colors
export function stampOf(sign, radius, isFaint = false) {
  const sprite = spriteOf(sign, radius, isFaint, color("--ground"));
  if (!stamps.has(sprite)) {
    const wide = sprite.width, all = new Uint32Array(sprite.getContext("2d").getImageData(0, 0, wide, wide).data.buffer);
    const numbers = [...all.keys()].filter((number) => all[number] !== all[0]);
    stamps.set(sprite, {
      wide, ground: all[0], places: Uint16Array.from(numbers, (number) => (Math.floor(number / wide) << 8) | number % wide), colors: Uint32Array.from(numbers, (number) => all[number]),
    });
  }
  return stamps.get(sprite);
}
