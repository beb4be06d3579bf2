// The small parts: metrics as text, seeds, slots, and events in whatever pieces they come.

import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { DIALECTS } from "./dialects.ts";
import { LlamaSlots } from "./llama-slots.ts";
import { readModelFolder } from "./model-folder.ts";
import { modelFolder } from "./http-world.fixture.ts";
import { Samples } from "./samples.ts";
import { seedAt } from "./seeds.ts";
import { ServerClient } from "./server-client.ts";

test("load comes from each kind's own metrics, over all its engines", () => {
  const vllm = new Samples(
    [
      "# TYPE vllm:num_requests_running gauge",
      'vllm:num_requests_running{engine="0",model_name="a b"} 2.0',
      'vllm:num_requests_running{engine="1",model_name="a b"} 3.0',
      'vllm:kv_cache_usage_perc{engine="0"} 0.25 1700000000',
      'vllm:kv_cache_usage_perc{engine="1"} 0.5',
      'vllm:cache_config_info{block_size="16",num_gpu_blocks="100"} 1.0',
      "vllm:iteration_tokens_total_count nan",
    ].join("\n"),
  );
  expect(DIALECTS.vllm().loadOf(vllm)).toEqual({
    ...{ running: 5, waiting: null, cacheUsage: 0.5, motion: null, cacheTokens: 1600 },
  });
  const sglang = new Samples('sglang:num_queue_reqs{tp_rank="0"} 4\nsglang:token_usage 1e-1\n');
  expect(DIALECTS.sglang().loadOf(sglang)).toMatchObject({ waiting: 4, cacheUsage: 0.1 });
  const llama = new Samples("llamacpp:requests_processing 1\nllamacpp:n_decode_total 7\n");
  expect(DIALECTS["llama-server"]().loadOf(llama)).toMatchObject({ running: 1, motion: 7 });
});

test("a seed is another one at every index, the same one every time, and fits 32 bits", () => {
  const seeds = [0, 1, 2 ** 32, 2 ** 53 - 1].flatMap((seed) =>
    Array.from({ length: 500 }, (_, index) => seedAt(seed, index)),
  );
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(seeds.every((it) => Number.isInteger(it) && it >= 0 && it < 0xffff_ffff)).toBe(true);
  expect(seedAt(7, 3)).toBe(seedAt(7, 3));
});

test("a slot is read by its own salt alone, and by its own request always", () => {
  const slots = new LlamaSlots(2);
  const prompt = [1, 2, 3, 4];
  const first = slots.lease({ prompt, cacheSalt: "" });
  expect(first.mayRead(prompt)).toBe(true); // No salt was ever used.
  first.holds([...prompt, 5]);
  first.release();
  const salted = slots.lease({ prompt, cacheSalt: "a" });
  expect(salted.id).not.toBe(first.id); // The one unused for longest.
  expect(salted.mayRead(prompt)).toBe(false);
  salted.holds([...prompt, 6]);
  expect(salted.mayRead([...prompt, 6])).toBe(true);
  salted.release();
  const again = slots.lease({ prompt: [...prompt, 6], cacheSalt: "a" });
  expect([again.id, again.mayRead([...prompt, 6])]).toEqual([salted.id, true]);
  const plain = slots.lease({ prompt, cacheSalt: "" });
  expect([plain.id, plain.mayRead(prompt)]).toEqual([first.id, true]);
  again.release();
  plain.release();
  const stranger = slots.lease({ prompt, cacheSalt: "b" });
  expect(stranger.mayRead(prompt)).toBe(false);
});

test("a slot is read only where half of it is used again: else the server looks elsewhere", () => {
  const slots = new LlamaSlots(1);
  const read = (prompt: readonly number[]): boolean => {
    const lease = slots.lease({ prompt, cacheSalt: "a" });
    const may = lease.mayRead(prompt);
    lease.release();
    return may;
  };
  // The first finds nothing there that is another's.
  expect([read([1, 2, 3, 4]), read([1, 2, 9, 9]), read([1, 7, 7, 7])]).toEqual([
    false,
    true,
    false,
  ]);
  const long = [1, 7, ...Array.from({ length: 40 }, (_, i) => 100 + i)];
  expect([read([1, 7]), read(long)]).toEqual([true, false]); // A twentieth of the new prompt.
});

test("events come whole, however they were cut", async () => {
  const stream =
    ': ping\r\n\r\ndata: {"a":"ä"}\r\n\r\nevent: x\ndata:{"b":\ndata: 2}\n\ndata: [DONE]\n\n';
  for (const size of [1, 2, 3, 7, 1000]) {
    const bytes = Buffer.from(stream);
    const server = createServer((_, response) => {
      for (let at = 0; at < bytes.length; at += size) response.write(bytes.subarray(at, at + size));
      response.end();
    });
    server.listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const client = new ServerClient({ url: `http://127.0.0.1:${port}`, key: null });
    const seen: unknown[] = [];
    const call = { path: "/", body: {}, streams: true };
    for await (const it of client.events(call, new AbortController().signal)) seen.push(it);
    client.close();
    expect(seen).toEqual([{ a: "ä" }, { b: 2 }]);
  }
});

test("an abort of an answer that is whole, but not read to its end, breaks nothing", async () => {
  const server = createServer((_, response) => response.end('data: {"a":1}\n\ndata: {"b":2}\n\n'));
  server.listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new ServerClient({ url: `http://127.0.0.1:${port}`, key: null });
  const call = { path: "/", body: {}, streams: true };
  // An error that nobody listens for would end this process.
  for (let i = 0; i < 20; i++) {
    const cut = new AbortController();
    const events = client.events(call, cut.signal);
    expect((await events.next()).value).toEqual({ a: 1 });
    cut.abort();
    await events.return();
  }
  const { status } = await client.get("/", 5_000);
  expect(status).toBe(200);
  client.close();
});

test("ids and defaults come from the folder, also of models for several media", () => {
  const text = { vocab_size: 50, hidden_size: 64, num_attention_heads: 4, model_type: "inner" };
  const inner = readModelFolder(
    modelFolder({ text_config: text, eos_token_id: [3, 4, 3], model_type: "outer" }),
  );
  expect(inner).toMatchObject({ family: "inner", eosIds: [3, 4], bosId: 1 });
  expect(inner.shape).toMatchObject({ vocab: 50, headDim: 16, kvHeads: 4 });
  expect(() => readModelFolder(modelFolder({ eos_token_id: 32_000 }))).toThrow(
    /no token of 32000/u,
  );
  expect(() => readModelFolder(modelFolder({ vocab_size: 0 }))).toThrow(/no vocab_size/u);
});
