// Finagle's peak EWMA: up at once, down slowly, and towards 0 while nothing is heard, so that a bad
// worker is tried again.

export interface PeakEwma {
  value: number;
  atMs: number;
}

export function newPeakEwma(nowMs: number): PeakEwma {
  return { value: 0, atMs: nowMs };
}

export function onSample(peak: PeakEwma, sample: number, tauMs: number, nowMs: number): void {
  if (sample >= peak.value) {
    peak.value = sample;
  } else {
    const weight = Math.exp(-Math.max(0, nowMs - peak.atMs) / tauMs);
    peak.value = peak.value * weight + sample * (1 - weight);
  }
  peak.atMs = nowMs;
}

export function peakOf(peak: PeakEwma, tauMs: number, nowMs: number): number {
  return peak.value === 0 ? 0 : peak.value * Math.exp(-Math.max(0, nowMs - peak.atMs) / tauMs);
}
