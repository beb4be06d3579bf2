// The text format in which Prometheus reads metrics, as far as gauges and counters need it.
// https://prometheus.io/docs/instrumenting/exposition_formats/

interface Sample {
  readonly labels: string;
  readonly value: number;
}

export class Samples {
  readonly #byName = new Map<string, Sample[]>();

  constructor(text: string) {
    for (const line of text.split("\n")) {
      const match = /^([a-zA-Z_:][\w:]*)(\{.*\})?\s+(\S+)/.exec(line);
      const [, name, labels = "", number] = match ?? [];
      const value = Number(number);
      if (name === undefined || !Number.isFinite(value)) continue;
      const known = this.#byName.get(name);
      if (known === undefined) this.#byName.set(name, [{ labels, value }]);
      else known.push({ labels, value });
    }
  }

  /** Over all labels (engines, ranks); null: there is no such metric. */
  sum(name: string): number | null {
    const samples = this.#byName.get(name);
    return samples === undefined ? null : samples.reduce((sum, it) => sum + it.value, 0);
  }

  max(name: string): number | null {
    const samples = this.#byName.get(name);
    return samples === undefined ? null : Math.max(...samples.map((it) => it.value));
  }

  /** A label of the first sample that has it. */
  label(name: string, label: string): string | null {
    const pattern = new RegExp(`[{,]${label}="((?:[^"\\\\]|\\\\.)*)"`);
    for (const { labels } of this.#byName.get(name) ?? []) {
      const value = pattern.exec(labels)?.[1];
      if (value !== undefined) return value;
    }
    return null;
  }
}
