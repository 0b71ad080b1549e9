// Frames of a field as a layer of MapLibre: one texture each, in the field's own grid, laid over a mesh of its true places; between two hours the values are mixed.
// A byte is half a sub-index, rounded up (see lantian.forecast.service_maps); 255 is missing and stays clear.
import * as maplibre from "../vendor/maplibre-gl.mjs";
import { LEVELS } from "./levels.js";

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
in vec2 a_place;
in vec2 a_cell;
out vec2 v_cell;
void main() {
  v_cell = a_cell;
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler2D;
uniform sampler2D u_from;
uniform sampler2D u_to;
uniform float u_mix;
uniform float u_opacity;
uniform vec3 u_colours[6];
uniform float u_ends[5];
in vec2 v_cell;
out vec4 colour;

float at(sampler2D frame, ivec2 cell) {
  return texelFetch(frame, clamp(cell, ivec2(0), textureSize(frame, 0) - 1), 0).r * 255.0;
}

// Bilinear between the centres of cells; next to a missing cell, that of the cell itself.
float value(sampler2D frame) {
  vec2 place = v_cell * vec2(textureSize(frame, 0)) - 0.5;
  ivec2 cell = ivec2(floor(place));
  vec2 part = fract(place);
  float a = at(frame, cell), b = at(frame, cell + ivec2(1, 0)), c = at(frame, cell + ivec2(0, 1)), d = at(frame, cell + ivec2(1, 1));
  if (max(max(a, b), max(c, d)) > 254.5) return at(frame, ivec2(floor(place + 0.5)));
  return mix(mix(a, b, part.x), mix(c, d, part.x), part.y);
}

void main() {
  float from = value(u_from), to = value(u_to);
  if (max(from, to) > 254.5) discard;
  float byte = mix(from, to, u_mix);
  int level = 0;
  for (int i = 0; i < 5; i++) if (byte > u_ends[i] + 0.5) level = i + 1;
  colour = vec4(u_colours[level] * u_opacity, u_opacity);
}`;

function shaderOf(gl, kind, source) {
  const shader = gl.createShader(kind);
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
  return shader;
}

function programOf(gl) {
  const program = gl.createProgram();
  gl.attachShader(program, shaderOf(gl, gl.VERTEX_SHADER, VERTEX));
  gl.attachShader(program, shaderOf(gl, gl.FRAGMENT_SHADER, FRAGMENT));
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

/** Corners of the mesh as place in Web Mercator and place in the frame, and its triangles. */
function meshOf({ lon, lat, u, v, columns }) {
  const corners = new Float32Array(lon.length * 4);
  lon.forEach((east, i) => {
    const { x, y } = maplibre.MercatorCoordinate.fromLngLat([east, lat[i]]);
    corners.set([x, y, u[i], v[i]], i * 4);
  });
  const triangles = [];
  for (let row = 0; row + 1 < lon.length / columns; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const a = row * columns + column;
      triangles.push(a, a + 1, a + columns, a + columns, a + 1, a + columns + 1);
    }
  }
  return { corners, triangles: new Uint16Array(triangles) };
}

function textureOf(gl, frame, nx, ny) {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, nx, ny, 0, gl.RED, gl.UNSIGNED_BYTE, frame);
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  for (const size of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, size, gl.NEAREST);
  return texture;
}

/** A custom layer; set `position` (0 to count - 1, between hours too, or null for none) and repaint the map. */
export function frameLayer(spec, bytes, opacity) {
  const { nx, ny, count } = spec;
  let parts = null;
  return {
    id: "frames",
    type: "custom",
    position: 0,
    onAdd(map, gl) {
      const program = programOf(gl);
      const mesh = meshOf(spec);
      const corners = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, corners);
      gl.bufferData(gl.ARRAY_BUFFER, mesh.corners, gl.STATIC_DRAW);
      const triangles = gl.createBuffer();
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, triangles);
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, mesh.triangles, gl.STATIC_DRAW);
      const name = (key) => gl.getUniformLocation(program, key);
      parts = {
        program, corners, triangles, length: mesh.triangles.length, textures: null,
        place: gl.getAttribLocation(program, "a_place"), cell: gl.getAttribLocation(program, "a_cell"),
        matrix: name("u_matrix"), from: name("u_from"), to: name("u_to"), mix: name("u_mix"), opacity: name("u_opacity"), colours: name("u_colours"), ends: name("u_ends"),
      };
    },
    onRemove(map, gl) {
      parts.textures?.forEach((texture) => gl.deleteTexture(texture));
      gl.deleteBuffer(parts.corners);
      gl.deleteBuffer(parts.triangles);
      gl.deleteProgram(parts.program);
    },
    render(gl, { defaultProjectionData }) {
      if (this.position === null) return;
      // All frames go to the card at once, inside a drawing: MapLibre restores what it set up itself after one.
      if (!parts.textures) {
        for (const [key, value] of [[gl.UNPACK_ALIGNMENT, 1], [gl.UNPACK_FLIP_Y_WEBGL, false], [gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false]]) gl.pixelStorei(key, value);
        parts.textures = Array.from({ length: count }, (_, i) => textureOf(gl, bytes.subarray(i * nx * ny, (i + 1) * nx * ny), nx, ny));
      }
      const from = Math.min(Math.floor(this.position), count - 1);
      gl.useProgram(parts.program);
      gl.bindVertexArray(null);
      gl.bindBuffer(gl.ARRAY_BUFFER, parts.corners);
      gl.enableVertexAttribArray(parts.place);
      gl.vertexAttribPointer(parts.place, 2, gl.FLOAT, false, 16, 0);
      gl.enableVertexAttribArray(parts.cell);
      gl.vertexAttribPointer(parts.cell, 2, gl.FLOAT, false, 16, 8);
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, parts.triangles);
      [from, Math.min(from + 1, count - 1)].forEach((frame, unit) => {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, parts.textures[frame]);
      });
      gl.uniformMatrix4fv(parts.matrix, false, defaultProjectionData.mainMatrix);
      gl.uniform1i(parts.from, 0);
      gl.uniform1i(parts.to, 1);
      gl.uniform1f(parts.mix, this.position - from);
      gl.uniform1f(parts.opacity, opacity);
      gl.uniform3fv(parts.colours, LEVELS.flatMap(({ rgb }) => rgb.map((part) => part / 255)));
      gl.uniform1fv(parts.ends, LEVELS.slice(0, 5).map(({ high }) => high / 2));
      gl.disable(gl.DEPTH_TEST);
      gl.disable(gl.STENCIL_TEST);
      gl.disable(gl.CULL_FACE);
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
      gl.drawElements(gl.TRIANGLES, parts.length, gl.UNSIGNED_SHORT, 0);
    },
  };
}
