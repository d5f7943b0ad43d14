// Runs under Node with the Azure Storage SDK for JavaScript: the uniform tasks of a driven client.
//
// Standard input: one JSON object with address and credential, then one for each task. Standard output: one
// answer for each, a line. The first argument is the folder of the packages. Ends when standard input does.

import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";

const MIB = 1024 * 1024;
const sdk = createRequire(`${process.argv[2]}/`)("@azure/storage-blob");

// Waiting is shortened (default: 4 s, doubled, up to 120 s); how often it tries is as it comes.
const RETRIES = { retryDelayInMs: 200, maxRetryDelayInMs: 1000 };
// A file of 9 MiB goes in pieces, as one above 256 MiB does by itself.
const PIECES = { blockSize: 4 * MIB, maxSingleShotSize: 4 * MIB };

class Client {
  constructor(place) {
    this.place = place;
    const token = { getToken: async () => ({ token: place.token, expiresOnTimestamp: Date.now() + 3600e3 }) };
    const credential = place.key
      ? new sdk.StorageSharedKeyCredential(place.account, place.key)
      : place.token
        ? token
        : new sdk.AnonymousCredential();
    const root = place.sas ? `${place.url}?${place.sas}` : place.url;
    this.service = new sdk.BlobServiceClient(root, credential, { retryOptions: RETRIES });
  }

  blob(task, name = task.blob) {
    return this.service.getContainerClient(task.container).getBlockBlobClient(name);
  }

  async put(task) {
    await this.blob(task).uploadFile(task.path, PIECES);
  }

  // One GET whose body is a stream, as download and downloadToFile have it.
  async getStream(task) {
    const answer = await this.blob(task).download();
    await pipeline(answer.readableStreamBody, createWriteStream(task.path));
  }

  async getBuffer(task) {
    await writeFile(task.path, await this.blob(task).downloadToBuffer(0, undefined, { blockSize: 4 * MIB }));
  }

  async list(task) {
    const names = {};
    const contents = this.service.getContainerClient(task.container);
    for await (const item of contents.listBlobsFlat({ prefix: `${task.blob}/` })) {
      names[item.name] = item.properties.contentLength;
    }
    return { names };
  }

  async copy(task) {
    const source = this.blob(task, task.source).url.split("?")[0];
    const poller = await this.blob(task).beginCopyFromURL(
      this.place.sas ? `${source}?${this.place.sas}` : source,
      { intervalInMs: 100 },
    );
    await poller.pollUntilDone();
  }

  async delete(task) {
    await this.blob(task).delete();
  }

  async metadata(task) {
    await this.blob(task).setMetadata(task.values);
    return { metadata: (await this.blob(task).getProperties()).metadata };
  }

  async createOnly(task) {
    const conditions = { ifNoneMatch: "*" };
    await this.blob(task).uploadFile(task.path, { ...PIECES, conditions });
    try {
      await this.blob(task).uploadFile(task.second, { ...PIECES, conditions });
    } catch (error) {
      if (error.statusCode === 409 || error.statusCode === 412) return { second: "refused" };
      throw error;
    }
    return { second: "replaced" };
  }
}

const DOINGS = {
  "put-small": "put",
  "put-large": "put",
  "put-empty": "put",
  "get-small": "getStream",
  "get-large": "getBuffer",
  list: "list",
  copy: "copy",
  delete: "delete",
  metadata: "metadata",
  "create-only": "createOnly",
};

async function answer(client, task) {
  try {
    return { outcome: "done", said: "", facts: (await client[DOINGS[task.action]](task)) ?? {} };
  } catch (error) {
    const said = `${error.name}: ${error.code ?? ""} ${error.statusCode ?? ""} ${error.message}`;
    return { outcome: "failed", said: said.replace(/\s+/g, " "), facts: {} };
  }
}

// What no promise catches ends the process; the reason must be its last words.
process.on("uncaughtException", (error) => {
  process.stderr.write(`${error.name}: ${error.message}`.replace(/\s+/g, " ") + "\n");
  process.exit(1);
});

let client = null;
let turn = Promise.resolve();
createInterface({ input: process.stdin })
  .on("line", (line) => {
    const told = JSON.parse(line);
    if (client === null) {
      client = new Client(told);
      return;
    }
    turn = turn.then(async () => process.stdout.write(`${JSON.stringify(await answer(client, told))}\n`));
  })
  .on("close", () => process.exit(0));
