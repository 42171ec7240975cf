// Points drawn by the graphics processor.

import { STEPS } from "./view.js";

const CORNERS = `
attribute vec2 place; attribute vec4 colour;
uniform vec2 times; uniform vec2 plus; uniform mediump float size;
varying vec4 shade;
void main() { gl_Position = vec4(place * times + plus, 0.0, 1.0); gl_PointSize = size + 1.0; shade = colour; }`;
const PIXELS = `
precision mediump float; varying vec4 shade; uniform float size;
void main() {
  float apart = length(gl_PointCoord - 0.5) * (size + 1.0);
  float cover = clamp(size * 0.5 - apart + 0.5, 0.0, 1.0);
  if (cover <= 0.0) discard;
  gl_FragColor = vec4(shade.rgb * cover, cover);
}`;

// Some browsers say of no software that it is slow.
function isSoftware(gl) {
  const told = gl.getExtension("WEBGL_debug_renderer_info");
  const name = String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

export function webglOf(canvas, isForced) {
  // Where the browser would draw in software, `raster` is the faster software.
  const asked = { antialias: false, depth: false, failIfMajorPerformanceCaveat: !isForced };
  const gl = canvas.getContext("webgl", asked);
  if (!gl || (!isForced && isSoftware(gl))) return null;
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, CORNERS], [gl.FRAGMENT_SHADER, PIXELS]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const at = (name) => gl.getUniformLocation(program, name);
  const uniforms = { times: at("times"), plus: at("plus"), size: at("size") };
  const buffers = { place: gl.createBuffer(), colour: gl.createBuffer() };
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  let count = 0;

  function fill(name, data, width, type) {
    const place = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, width, type, true, 0, 0);
  }
  return {
    name: "webgl",
    load(x, y, colours) {
      count = x.length;
      const places = new Uint16Array(2 * count);
      for (let place = 0; place < count; place++) [places[2 * place], places[2 * place + 1]] = [x[place], y[place]];
      fill("place", places, 2, gl.UNSIGNED_SHORT);
      fill("colour", colours, 4, gl.UNSIGNED_BYTE);
    },
    draw(view, radius, ratio) {
      const way = view.pixels();
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(uniforms.times, (2 * STEPS * way.across) / view.width, (2 * STEPS * way.up) / view.height);
      gl.uniform2f(uniforms.plus, (2 * way.left) / view.width - 1, 1 - (2 * way.top) / view.height);
      gl.uniform1f(uniforms.size, 2 * radius * ratio);
      gl.drawArrays(gl.POINTS, 0, count);
    },
    // A browser holds some sixteen of these at once.
    end: () => gl.getExtension("WEBGL_lose_context")?.loseContext(),
  };
}
