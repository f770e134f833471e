/** Decodes little-endian numbers in base64. */

/** Decode float32 numbers. */
export function floats(base64: string): Float32Array {
  return new Float32Array(bytes(base64).buffer);
}

/** Decode float16 numbers: a sign bit, 5 bits of exponent, 10 of fraction. */
export function halves(base64: string): Float64Array {
  const view = new DataView(bytes(base64).buffer);
  return Float64Array.from({ length: view.byteLength / 2 }, (_, at) => {
    const bits = view.getUint16(2 * at, true);
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -size : size;
  });
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
