// What a program on any supported Node does with the addon, in plain JavaScript: Node 20 strips no
// types. Loads a model, generates, aborts, unloads, and prints what came as JSON.
//
//   node native/testing/old-node.cjs ADDON MODEL

"use strict";

const [addonPath, folder] = process.argv.slice(2);
const addon = require(addonPath);
const none = { i: new Int32Array(0), f: new Float32Array(0) };
const options = {
  ...{ folder, device: "cpu", kernels: "", isa: "", weights: "bf16", cache: "bf16" },
  ...{ ranks: 1, threads: 1, pin: false },
  ...{ cacheBytes: 0, stepTokens: 64, sequencesMax: 4, waitingMax: 4, contextMax: 0 },
  ...{ prefixCache: true, spillFolder: "", spillBytes: 0, stallMs: 2000 },
};
const request = (id, maxTokens) => ({
  ...{ id, prompt: Int32Array.of(1, 17, 42, 99, 7), resume: none.i, cacheSalt: "", priority: 0 },
  ...{ masked: false, temperature: 0, topK: 0, topP: 1, minP: 0, repetitionPenalty: 1 },
  ...{ presencePenalty: 0, frequencyPenalty: 0, biasTokens: none.i, biases: none.f },
  ...{ stopIds: none.i, ignoreEos: true, minTokens: 0, maxTokens, seed: 1, logprobs: -1 },
});

const { finishReasons } = addon.describe();
const ids = [];
const ends = [];
const engine = addon.load(options, (news) => {
  if (news.failure !== null) throw news.failure;
  if (news.loaded !== null) {
    addon.submit(engine, request(1, 20));
    addon.submit(engine, request(2, 400));
    addon.abort(engine, 2);
  }
  if (news.outputs !== null) readOutputs(new Int32Array(news.outputs));
  if (ends.length === 2) addon.unload(engine);
  if (news.closed) {
    process.stdout.write(
      `${JSON.stringify({ node: process.versions.node, ids, ends: ends.sort() })}\n`,
    );
  }
});

/** native/door/output_batch.h has the layout. */
function readOutputs(words) {
  for (let at = 0; at < words.length; at += 10 + 2 * words[at + 8] + Math.ceil(words[at + 9] / 4)) {
    if (words[at] === 1 && words[at + 2] >= 0) ids.push(words[at + 3]);
    if (words[at + 6] !== 0) ends.push(`${words[at]} ${finishReasons[words[at + 6]]}`);
  }
}
