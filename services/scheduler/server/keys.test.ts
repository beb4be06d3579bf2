// Keys for models over real gRPC and REST, on a real engine and log.

import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signalbox } from "#proto/signalbox.js";
import { RATE_MAX } from "#shared/base/api-key.ts";
import type { Failure } from "#shared/base/errors.ts";
import { seededRandom } from "#shared/base/prng.ts";
import { MESSAGE_BYTES_MAX } from "#shared/mesh/grpc-tables.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { openEngine } from "../actor-engine.ts";
import { keysAddress } from "../core/messages.ts";
import { TestScheduler } from "../scheduler.fixture.ts";
import type { Clients } from "../scheduler.fixture.ts";
import { KeyDirectory } from "./key-directory.ts";
import { LIVE_MAX, MODELS_BYTES_MAX } from "./keys-service.ts";

let scheduler: TestScheduler;
let admin: Clients;
beforeAll(async () => {
  scheduler = await TestScheduler.start(60_000);
  admin = scheduler.clients();
});
afterAll(() => scheduler.end());

const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex");
const ADA = { namespace: "lab", name: "ada", sha256: hashOf("one"), requestsPerMinute: 60 };

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "OK",
    (reason: Failure) => reason.code,
  );
}

async function ownerOf(namespace: string, role = "admin"): Promise<Clients> {
  const request = { namespace, role, name: "t" };
  const { secret } = await admin.namespaces.createToken(request);
  return scheduler.clients(secret ?? "");
}

test("a key is told to routers from when it is added until it is revoked, over a restart", async () => {
  const namesOf = async (): Promise<unknown[]> => {
    const { keys } = await scheduler.clients().keys.syncKeys({});
    return (keys ?? []).map(({ namespace, name }) => `${namespace}/${name}`);
  };
  const added = await admin.keys.addKey(ADA);
  expect(added).toMatchObject({
    existed: false,
    key: { ...ADA, priority: "normal", priorityMax: "normal", tokensPerMinute: 0, revokedAtMs: 0 },
  });
  expect(await admin.keys.addKey(ADA)).toMatchObject({ existed: true, key: added.key });
  expect(await codeOf(admin.keys.addKey({ ...ADA, concurrent: 3 }))).toBe("ALREADY_EXISTS");
  await admin.keys.addKey({ namespace: "other", name: "ada", sha256: hashOf("two") });
  expect(await namesOf()).toEqual(["lab/ada", "other/ada"]);

  const { version = "" } = await admin.keys.syncKeys({});
  expect(await admin.keys.syncKeys({ version })).toMatchObject({ version, unchanged: true });
  await scheduler.close();
  await scheduler.open();
  const again = scheduler.clients();
  expect(await again.keys.syncKeys({ version })).toMatchObject({ version, unchanged: true });

  const revoked = await again.keys.revokeKey({ namespace: "lab", name: "ada" });
  expect(revoked.key?.revokedAtMs).toBeGreaterThan(0);
  const news = await again.keys.syncKeys({ version });
  expect(news).toMatchObject({ unchanged: false, keys: [{ namespace: "other" }] });
  expect(news.version).not.toBe(version);
  await scheduler.close();
  await scheduler.open();
  expect(await namesOf()).toEqual(["other/ada"]);
  expect(await codeOf(scheduler.clients().keys.addKey(ADA))).toBe("CONFLICT");
  admin = scheduler.clients();
  expect((await admin.keys.listKeys({ namespace: "lab" })).keys).toMatchObject([revoked.key]);
});

test("administrators only, each for what is theirs", async () => {
  const submitter = await ownerOf("group", "submitter");
  const key = { name: "k", sha256: hashOf("of the group") };
  expect(await codeOf(submitter.keys.addKey(key))).toBe("FORBIDDEN");
  expect(await codeOf(submitter.keys.listKeys({}))).toBe("FORBIDDEN");
  expect(await codeOf(submitter.keys.revokeKey({ name: "k" }))).toBe("FORBIDDEN");
  expect(await codeOf(submitter.keys.syncKeys({}))).toBe("FORBIDDEN");
  const owner = await ownerOf("group");
  expect((await owner.keys.addKey(key)).key).toMatchObject({ namespace: "group" });
  expect(await codeOf(owner.keys.addKey({ ...key, namespace: "lab" }))).toBe("FORBIDDEN");
  expect(await codeOf(owner.keys.revokeKey({ name: "ada", namespace: "other" }))).toBe("FORBIDDEN");
  expect((await owner.keys.syncKeys({})).keys).toMatchObject([{ namespace: "group", name: "k" }]);
  const stranger = await ownerOf("stranger");
  const taken = { ...key, name: "mine" };
  expect(await codeOf(stranger.keys.addKey(taken))).toBe("ALREADY_EXISTS");
  expect(await codeOf(scheduler.clients(null).keys.syncKeys({}))).toBe("UNAUTHENTICATED");
});

test("what is no key is refused, with the field", async () => {
  for (const [wrong, said] of [
    [{ sha256: "sk-sb-a-key-itself" }, "sha256"],
    [{ name: "a b" }, "name"],
    [{ priority: "urgent" }, "priority"],
    [{ priority: "high", priorityMax: "low" }, "priority_max"],
    [{ requestsPerMinute: 2_000_000_000 }, "requests_per_minute"],
    [{ models: ["m".repeat(MODELS_BYTES_MAX - 1)] }, "models"],
    [{ namespace: "No Name" }, "namespace"],
  ] as readonly (readonly [Partial<typeof ADA>, string])[]) {
    const asked = admin.keys.addKey({ ...ADA, sha256: hashOf("wrong"), ...wrong });
    await expect(asked).rejects.toMatchObject({
      ...{ code: "INVALID", message: expect.stringContaining(said) },
    });
  }
});

test("as many keys as there may be fit into one message", () => {
  const name = "n".repeat(63);
  const largest = {
    ...{ namespace: name, name, sha256: hashOf("x"), priority: "critical" },
    ...{ priorityMax: "critical", requestsPerMinute: RATE_MAX, tokensPerMinute: RATE_MAX },
    ...{ concurrent: RATE_MAX, createdAtMs: Date.now(), revokedAtMs: 0 },
  };
  const long = { ...largest, models: ["m".repeat(MODELS_BYTES_MAX - 2)] };
  const many = { ...largest, models: Array.from({ length: MODELS_BYTES_MAX / 3 }, () => "m") };
  for (const key of [long, many]) {
    const one = signalbox.control.v1.SyncKeysResponse.encode({ keys: [key] }).finish().length;
    expect(one * LIVE_MAX).toBeLessThan(MESSAGE_BYTES_MAX);
  }
});

test("a hash that two namespaces took at once counts in the one that had it first", async () => {
  using directory = tempDirectory("keys");
  const clock = new ManualClock();
  const log = openEmbeddedLog({ path: directory.path, partitions: 4 });
  const engine = await openEngine({
    ...{ log, writer: "test", clock, timers: clock, random: seededRandom(1) },
    ...{ defer: (task) => void setImmediate(task), onFailure: () => expect.unreachable() },
  });
  const keys = new KeyDirectory(engine);
  const limits = { requestsPerMinute: null, tokensPerMinute: null, concurrent: null };
  const add = (namespace: string): Promise<unknown> => {
    const key = { name: "k", sha256: hashOf("twice"), namespace, models: null, limits };
    return engine.ask<"keys">(keysAddress(namespace), {
      ...{ kind: "add-key", key: { ...key, priority: "normal", priorityMax: "normal" } },
    });
  };
  await add("zoo");
  clock.advance(1);
  await add("ant");
  const owners = async (): Promise<string[]> =>
    (await keys.of(null)).keys.map(({ namespace }) => namespace);
  expect(await owners()).toEqual(["zoo"]);
  expect((await keys.of("ant")).keys).toHaveLength(1);
  await engine.ask<"keys">(keysAddress("zoo"), { kind: "revoke-key", name: "k" });
  expect(await owners()).toEqual(["ant"]);
  keys.close();
  await engine.close();
  await log.close();
});

test("the same over REST", async () => {
  const body = JSON.stringify({
    ...{ namespace: "web", name: "eve", sha256: hashOf("eve"), models: ["m"], concurrent: 2 },
  });
  const first = await scheduler.rest("POST", "/v1/keys", { body });
  expect(first.status).toBe(201);
  const { key } = (await first.json()) as { key: object };
  const second = await scheduler.rest("POST", "/v1/keys", { body });
  expect(second.status).toBe(200);
  expect(await second.json()).toEqual({ key, existed: true });
  const list = await scheduler.rest("GET", "/v1/keys?namespace=web");
  expect(await list.json()).toEqual({ keys: [key] });
  expect(key).toMatchObject({ name: "eve", models: ["m"], concurrent: 2, requestsPerMinute: 0 });
  const bad = await scheduler.rest("POST", "/v1/keys", { body: '{"name":"x","sha256":3}' });
  expect(bad.status).toBe(400);
  const gone = await scheduler.rest("DELETE", "/v1/keys/eve?namespace=web");
  expect(gone.status).toBe(200);
  expect(await gone.json()).toMatchObject({ key: { name: "eve", sha256: hashOf("eve") } });
  const none = await scheduler.rest("DELETE", "/v1/keys/nobody?namespace=web");
  expect(none.status).toBe(404);
});
