// Server-sent events out of text that comes in pieces of any size: the payload of each event.

export class EventLines {
  #rest = "";
  #payload: string[] = [];

  /** Payloads of the events that `piece` completes. Comments and other fields are left out. */
  push(piece: string): string[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    const events: string[] = [];
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line.startsWith("data:")) this.#payload.push(line.slice(line[5] === " " ? 6 : 5));
      if (line !== "" || this.#payload.length === 0) continue;
      events.push(this.#payload.join("\n"));
      this.#payload = [];
    }
    return events;
  }
}
