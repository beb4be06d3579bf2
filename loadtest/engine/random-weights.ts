// Random bf16 numbers, normally distributed, as fast as a disk takes them: sixteen random bits
// choose one of 65 536 equally likely values of the normal distribution.

const QUANTILES = 65_536;

/** The bits of the bf16 next to `value`, ties to even; for finite numbers. */
export function bf16Bits(value: number): number {
  const bits = new Uint32Array(new Float32Array([value]).buffer)[0] ?? 0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The number that bf16 bits stand for. */
export function bf16Value(bits: number): number {
  return new Float32Array(new Uint32Array([bits << 16]).buffer)[0] ?? Number.NaN;
}

/** bf16 bits of the middles of 65 536 equally likely parts of a normal distribution. */
export function normalQuantiles(deviation: number): Uint16Array {
  const table = new Uint16Array(QUANTILES);
  for (let i = 0; i < QUANTILES; i++) {
    table[i] = bf16Bits(deviation * normalQuantile((i + 0.5) / QUANTILES));
  }
  return table;
}

/**
 * Fills `out` from `table` by sfc32. The seed is a text, for instance a tensor's name behind the
 * model's: a tensor's weights then depend on nothing that stands before it.
 */
export function fillRandom(out: Uint16Array, table: Uint16Array, seed: string): void {
  let [a, b, c] = hashed(seed);
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum;
  };
  for (let i = 0; i < 12; i++) next(); // The first outputs still show the seed.
  const pairs = out.length >>> 1;
  for (let i = 0; i < pairs; i++) {
    const bits = next();
    out[2 * i] = table[bits & 0xffff] ?? 0;
    out[2 * i + 1] = table[bits >>> 16] ?? 0;
  }
  if (out.length % 2 === 1) out[out.length - 1] = table[next() & 0xffff] ?? 0;
}

/** Three 32-bit words of a text: FNV-1a with three bases. */
function hashed(text: string): [number, number, number] {
  const word = (base: number): number => {
    let hash = base;
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    }
    return hash | 0;
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x243f6a88)];
}

/** The inverse of the normal distribution function for 0 < p < 1, by Acklam; error below 1.2e-9. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return poly(TAIL_ABOVE, q) / (poly(TAIL_BELOW, q) * q + 1);
  }
  const q = p - 0.5;
  const r = q * q;
  return (poly(MIDDLE_ABOVE, r) * q) / (poly(MIDDLE_BELOW, r) * r + 1);
}

function poly(coefficients: readonly number[], x: number): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

const MIDDLE_ABOVE = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2,
  -3.066479806614716e1, 2.506628277459239,
];
const MIDDLE_BELOW = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
  -1.328068155288572e1,
];
const TAIL_ABOVE = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
  4.374664141464968, 2.938163982698783,
];
const TAIL_BELOW = [
  7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416,
];
