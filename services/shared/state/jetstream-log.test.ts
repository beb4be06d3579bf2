// What the JetStream driver adds to the suite: servers that die, stand still or are not safe
// enough.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jetstreamManager } from "@nats-io/jetstream";
import { Failure } from "#shared/base/errors.ts";
import { NatsConnections } from "#shared/mesh/nats-connection.ts";
import { startNatsServer, stopNatsServer } from "#shared/mesh/nats-server.ts";
import type { NatsBinary } from "#shared/mesh/nats-server.ts";
import { openJetStreamLog } from "./jetstream-log.ts";
import type { JetStreamLogOptions } from "./jetstream-log.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { jetStreamWorld } from "./jetstream-world.ts";
import type { JetStreamWorld } from "./jetstream-world.ts";
import type { EventLog } from "./log.ts";

const said = (text: string) => [{ actor: "run/lab/a", events: [{ type: "Said", text }] }];

async function textsOf(log: EventLog): Promise<string[]> {
  const texts: string[] = [];
  for await (const { record } of log.read(0, 1)) {
    for (const { events } of record.entries)
      for (const { type, text } of events) if (type === "Said") texts.push(String(text));
  }
  return texts;
}

async function refusal(options: JetStreamLogOptions): Promise<Failure> {
  try {
    await (await openJetStreamLog(options)).close();
  } catch (reason) {
    return Failure.from(reason);
  }
  throw new Error("it was not refused");
}

const binary = natsServerHere();
if (binary === null) {
  test.skip("the jetstream driver (node tools/setup.ts nats-server gets what it needs)", () => {});
} else {
  describe("the jetstream driver", () => suite(binary));
}

function suite(nats: NatsBinary): void {
  let world: JetStreamWorld;
  beforeAll(async () => {
    world = await jetStreamWorld(nats);
  });
  afterAll(() => world.close());

  test("production is granted to a server that syncs before it answers", async () => {
    const log = await openJetStreamLog(world.options({ production: true }));
    await (await log.claim(0, "one", 0)).append(said("a"), 0);
    expect(await textsOf(log)).toEqual(["a"]);
    await log.close();
  });

  test("production is refused where that cannot be confirmed, with the way out", async () => {
    const failure = await refusal(world.options({ production: true, systemCredentials: null }));
    expect(failure.code).toBe("UNSAFE");
    expect(failure.hint).toMatch(/nats\.system_credentials_file.*log\.production = false/);
  });

  test("production is refused by a server that answers first, or has no room", async () => {
    const lazy = await jetStreamWorld(nats, { syncAlways: false, storeBytesMax: 3 * 1024 ** 3 });
    const failure = await refusal(lazy.options({ production: true }));
    expect(failure.code).toBe("UNSAFE");
    expect(failure.hint).toMatch(/sync_interval: always/);
    await (await openJetStreamLog(lazy.options())).close();
    await lazy.close();
    const small = await jetStreamWorld(nats, { storeBytesMax: 1024 ** 3 });
    expect(await refusal(small.options({ production: true }))).toMatchObject({
      code: "UNSAFE",
      message: expect.stringMatching(/may store 1073741824 bytes/) as string,
    });
    await small.close();
  });

  test("wrong credentials and no server at all are told apart", async () => {
    expect((await refusal(world.options({ credentials: "signalbox:wrong" }))).code).toBe(
      "UNAUTHENTICATED",
    );
    const failure = await refusal(world.options({ urls: ["nats://127.0.0.1:9"] }));
    expect(failure).toMatchObject({
      code: "UNAVAILABLE",
      hint: expect.stringMatching(/nats\.url/) as string,
    });
  }, 20_000);

  test("a stream that would forget is refused by name, and so are other partitions", async () => {
    const options = world.options();
    await (await openJetStreamLog(options)).close();
    expect(await refusal({ ...options, partitions: 1 })).toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(/has 2 partitions, not 1/) as string,
    });
    const side = await NatsConnections.open({
      urls: [world.server.url],
      credentials: options.credentials,
      name: "side",
    });
    const manager = await jetstreamManager(side.connection);
    await manager.streams.update(`${options.prefix}_LOG_1`, { discard: "old" });
    await side.close();
    const failure = await refusal(options);
    expect(failure.code).toBe("UNSAFE");
    expect(failure.message).toContain(`${options.prefix}_LOG_1`);
    expect(failure.hint).toContain("discard: new");
  });

  test("kill -9 of the server while appending loses nothing acknowledged", async () => {
    let own = await jetStreamWorld(nats);
    const options = own.options();
    const log = await openJetStreamLog(options);
    const writer = await log.claim(0, "one", 0);
    const port = Number(new URL(own.server.url).port);
    for (let round = 0; round < 3; round++) {
      const { n } = writer.tail;
      const appending = Array.fromAsync(Array.from({ length: 60 }), (_, i) =>
        writer.append(said(`${round}-${i}`), 0),
      );
      while (writer.tail.n < n + 20) await new Promise((resolve) => setImmediate(resolve));
      process.kill(own.server.pid, "SIGKILL");
      await stopNatsServer(own.server);
      own = {
        ...own,
        server: await startNatsServer({ directory: own.directory, binary: nats, port }),
      };
      await appending; // The append under way was sent again until the new server answered.
    }
    const texts = await textsOf(log);
    expect(texts).toEqual(
      [0, 1, 2].flatMap((round) => Array.from({ length: 60 }, (_, i) => `${round}-${i}`)),
    );
    await log.close();
    await stopNatsServer(own.server);
    await own.close();
  }, 60_000);

  test("a server that stands still is waited for, and its late answer counts once", async () => {
    const own = await jetStreamWorld(nats);
    const log = await openJetStreamLog(own.options());
    const writer = await log.claim(0, "one", 0);
    process.kill(own.server.pid, "SIGSTOP");
    const appending = writer.append(said("while it stood"), 0);
    // Three request timeouts: that is the case.
    await new Promise((resolve) => setTimeout(resolve, 700));
    process.kill(own.server.pid, "SIGCONT");
    await appending;
    await writer.append(said("after"), 0);
    expect(await textsOf(log)).toEqual(["while it stood", "after"]);
    await log.close();
    await own.close();
  });
}
