// Points drawn pixel by pixel into a picture, where there is no graphics processor: a stamp for each point.

function stampOf(radius) {
  const reach = Math.ceil(radius);
  const stamp = [];
  for (let down = -reach; down <= reach; down++) {
    for (let right = -reach; right <= reach; right++) {
      const cover = Math.max(0, Math.min(1, radius - Math.hypot(right, down) + 0.5));
      if (cover > 0.05) stamp.push({ right, down, cover: Math.round(255 * cover) });
    }
  }
  // What is covered whole needs no mixing.
  stamp.sort((one, other) => other.cover - one.cover);
  return { reach, stamp };
}

function mixed(over, under, cover) {
  const alpha = under >>> 24;
  if (alpha === 0) return ((cover << 24) | (over & 0xffffff)) >>> 0;
  const rest = 255 - cover;
  const red = ((over & 255) * cover + (under & 255) * rest) >> 8;
  const green = (((over >>> 8) & 255) * cover + ((under >>> 8) & 255) * rest) >> 8;
  const blue = (((over >>> 16) & 255) * cover + ((under >>> 16) & 255) * rest) >> 8;
  return ((Math.max(alpha, cover) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function rasterOf(canvas) {
  const context = canvas.getContext("2d");
  let [x, y, colours] = [new Uint16Array(0), new Uint16Array(0), new Uint32Array(0)];
  let picture = null;
  return {
    name: "canvas",
    load(xs, ys, bytes) {
      [x, y, colours] = [xs, ys, new Uint32Array(bytes.buffer)];
    },
    draw(view, radius, ratio) {
      const [width, height] = [canvas.width, canvas.height];
      if (!picture || picture.width !== width || picture.height !== height) picture = context.createImageData(width, height);
      const pixels = new Uint32Array(picture.data.buffer);
      pixels.fill(0);
      const way = view.pixels();
      const [across, up, left, top] = [way.across * ratio, way.up * ratio, way.left * ratio, way.top * ratio];
      const { reach, stamp } = stampOf(radius * ratio);
      const shifts = Int32Array.from(stamp, (one) => one.down * width + one.right);
      const covers = Uint8Array.from(stamp, (one) => one.cover);
      const whole = covers.indexOf(covers.find((cover) => cover < 255)) >>> 0;
      const solid = Math.min(whole, covers.length);
      for (let point = 0; point < x.length; point++) {
        const right = (left + x[point] * across) | 0;
        const down = (top - y[point] * up) | 0;
        if (right < reach || down < reach || right >= width - reach || down >= height - reach) continue;
        const centre = down * width + right;
        const colour = colours[point];
        for (let part = 0; part < solid; part++) pixels[centre + shifts[part]] = colour;
        for (let part = solid; part < shifts.length; part++) {
          const place = centre + shifts[part];
          pixels[place] = mixed(colour, pixels[place], covers[part]);
        }
      }
      context.putImageData(picture, 0, 0);
    },
  };
}
