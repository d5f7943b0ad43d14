// Runs under Node with the Azure Storage SDK for JavaScript: one scenario of a recording.
//
// Standard input: one JSON object with the scenario's name, its arguments, addresses and one credential. The
// first argument is the folder of the packages. Exit 1 with one line when it does not go as the scenario wants.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Client } from "./record_js_kit.mjs";
import * as reads from "./record_js_reads.mjs";
import * as states from "./record_js_states.mjs";
import * as writes from "./record_js_writes.mjs";

const sdk = createRequire(`${process.argv[2]}/`)("@azure/storage-blob");
const request = JSON.parse(readFileSync(0, "utf8"));
const scenarios = { ...writes, ...reads, ...states };
const name = request.scenario.replace(/-(.)/g, (_, letter) => letter.toUpperCase());

try {
  await scenarios[name](new Client(sdk, request), ...request.arguments);
} catch (error) {
  process.stderr.write(`${error.name}: ${error.message}`.replace(/\s+/g, " ").slice(0, 500) + "\n");
  process.exitCode = 1;
}
