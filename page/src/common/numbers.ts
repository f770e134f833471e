/** Formats numbers for people. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** 12345 → "12,345". */
export function grouped(value: number): string {
  return WHOLE.format(value);
}

/** 1234567 → "1.23M". */
export function short(value: number): string {
  return SHORT.format(value);
}

/** 3723 → "1 h 2 min", 63 → "1 min 3 s", 7.3 → "7 s". */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** -0.1234 → "−0.123". */
export function threeDigits(score: number): string {
  return score.toFixed(3).replace("-", "−");
}

/** A probability in percent, with two or three significant digits. */
export function percent(share: number): string {
  const percents = 100 * share;
  const digits = percents >= 10 ? 1 : percents >= 0.1 ? 2 : 3;
  return `${percents.toFixed(digits)} %`;
}
