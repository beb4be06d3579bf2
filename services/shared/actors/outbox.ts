// Messages from this partition to others, kept until they are acknowledged.
//
//   O1. Messages to one partition are numbered from 1 without gaps, in the order they were sent.
//   O2. A message stays until the receiver has committed it; then it is sent no more.
//   O3. A receiver takes a sender's messages in order and each once (`received` is its high-water
//       mark), so sending again is harmless.

import assert from "node:assert/strict";

export interface OutboxMessage {
  readonly n: number;
  readonly to: string;
  readonly message: object;
}

interface Line {
  sent: number;
  acked: number;
  /** Sent and not acknowledged, by number. */
  waiting: OutboxMessage[];
}

export class Outbox {
  readonly #lines = new Map<number, Line>();
  readonly #received = new Map<number, number>();

  nextNumber(partition: number): number {
    return (this.#lines.get(partition)?.sent ?? 0) + 1;
  }

  applySent(partition: number, message: OutboxMessage): void {
    const line = this.#lineTo(partition);
    assert.equal(message.n, line.sent + 1);
    line.sent = message.n;
    line.waiting.push(message);
  }

  applyAcked(partition: number, n: number): void {
    const line = this.#lineTo(partition);
    assert(n <= line.sent);
    if (n <= line.acked) return;
    line.waiting.splice(0, n - line.acked);
    line.acked = n;
  }

  applyReceived(partition: number, n: number): void {
    assert.equal(n, this.received(partition) + 1);
    this.#received.set(partition, n);
  }

  received(partition: number): number {
    return this.#received.get(partition) ?? 0;
  }

  partitions(): readonly number[] {
    return [...this.#lines.keys()];
  }

  acked(partition: number): number {
    return this.#lines.get(partition)?.acked ?? 0;
  }

  /** Messages after number `n`, at most `limit`. */
  after(partition: number, n: number, limit: number): readonly OutboxMessage[] {
    const line = this.#lines.get(partition);
    if (line === undefined || n >= line.sent) return [];
    const from = Math.max(0, n - line.acked);
    return line.waiting.slice(from, from + limit);
  }

  plain(): unknown {
    const lines = [...this.#lines].toSorted(([a], [b]) => a - b);
    const received = [...this.#received].toSorted(([a], [b]) => a - b);
    return { lines: lines.map(([to, line]) => [to, line.sent, line.acked]), received };
  }

  #lineTo(partition: number): Line {
    let line = this.#lines.get(partition);
    if (line === undefined) {
      line = { sent: 0, acked: 0, waiting: [] };
      this.#lines.set(partition, line);
    }
    return line;
  }
}
