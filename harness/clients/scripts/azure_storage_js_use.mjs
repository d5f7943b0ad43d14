// Runs under Node with the Azure Storage SDK for JavaScript: the scenarios of use, as for Python. Tells facts.
//
// Standard input: one JSON object, as azure_storage_blob_kit.py has it, and `contents`: a folder of files SIZE-SEED,
// the bytes that the judge makes of them. Standard output: one JSON object a line, {"flavour", "fact", "value"}.
// The first argument is the folder of the packages.

import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const KIB = 1024;
const RIVALS = 8;
const sdk = createRequire(`${process.argv[2]}/`)("@azure/storage-blob");
const request = JSON.parse(readFileSync(0, "utf8"));
const flavour = "js";

const content = (size, seed) => readFileSync(`${request.contents}/${size}-${seed}`);
const said = (data) => `${data.length} bytes, sha256 ${createHash("sha256").update(data).digest("hex")}`;
const tell = (fact, value) => process.stdout.write(`${JSON.stringify({ flavour, fact, value: value ?? null })}\n`);

function container(name = request.container) {
  const credential = request.key
    ? new sdk.StorageSharedKeyCredential(request.account, request.key)
    : new sdk.AnonymousCredential();
  const root = request.sas ? `${request.url}?${request.sas}` : request.url;
  // Waiting is shortened; how often it tries is as it comes.
  const retryOptions = { retryDelayInMs: 100, maxRetryDelayInMs: 1000 };
  return new sdk.BlobServiceClient(root, credential, { retryOptions }).getContainerClient(name);
}

const blobOf = (name) => container().getBlockBlobClient(name);

async function read(blob, offset = 0, count = undefined, conditions = {}) {
  const answer = await blob.download(offset, count, { conditions });
  const pieces = [];
  for await (const piece of answer.readableStreamBody) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function refused(fact, call) {
  try {
    await call();
    tell(fact, ["no exception", null, null]);
  } catch (error) {
    if (error.statusCode === undefined) throw error;
    tell(fact, [error.name, error.code ?? error.details?.errorCode, error.statusCode]);
  }
}

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

async function tuned() {
  const { size, client, concurrency } = request;
  const up = { blockSize: client.max_block_size, maxSingleShotSize: client.max_single_put_size, concurrency };
  const down = { blockSize: client.max_chunk_get_size, concurrency };
  const blob = blobOf(`${flavour}/data +%.bin`);
  const answer = await blob.uploadData(content(size, 61), up);
  tell("etag", answer.etag === (await blob.getProperties()).etag);
  tell("bytes", said(await blob.downloadToBuffer(0, undefined, down)));
  tell("bytes that were laid", said(await blobOf("laid").downloadToBuffer(0, undefined, down)));
}

async function resume() {
  const { half } = request;
  const blob = blobOf(`${flavour}/resumed`);
  await blob.uploadData(content(2 * half, 62));
  const begun = await blob.download(0, half);
  const first = [];
  for await (const piece of begun.readableStreamBody) first.push(piece);
  const fenced = { ifMatch: begun.etag };
  tell("bytes", said(Buffer.concat([...first, await read(blob, half, undefined, fenced)])));
  await blob.uploadData(content(2 * half, 63));
  await refused("the rest of what was replaced", () => read(blob, half, undefined, fenced));
  tell("bytes of the new one", said(await read(blob)));
}

async function walk() {
  const blobs = [];
  const folders = [];
  const open = [""];
  while (open.length > 0) {
    const level = container().listBlobsByHierarchy("/", { prefix: open.shift() }).byPage({ maxPageSize: 3 });
    for await (const page of level) {
      for (const folder of page.segment.blobPrefixes ?? []) {
        folders.push(folder.name);
        open.push(folder.name);
      }
      blobs.push(...page.segment.blobItems.map((item) => item.name));
    }
  }
  const inOrder = (names) => names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  tell("folders", inOrder(folders));
  tell("blobs", inOrder(blobs));
  const dashes = await all(container().listBlobsByHierarchy("-", { prefix: "run-" }));
  tell("by another delimiter", inOrder(dashes.map((item) => item.name)));
}

async function pages() {
  const size = request.page;
  const names = (page) => page.segment.blobItems.map((item) => item.name);
  const pager = container().listBlobsFlat().byPage({ maxPageSize: size });
  const first = (await pager.next()).value;
  const second = (await pager.next()).value;
  tell("a full page has", (names(first).length + names(second).length) / 2);
  const onwards = { maxPageSize: size, continuationToken: second.continuationToken };
  const following = (await all(container().listBlobsFlat().byPage(onwards))).flatMap(names);
  tell("all of them", [...names(first), ...names(second), ...following]);
  const again = names((await container().listBlobsFlat().byPage(onwards).next()).value);
  tell("the same page again", JSON.stringify(again) === JSON.stringify(following.slice(0, size)));
  const whole = await all(container().listBlobsFlat().byPage({ maxPageSize: 5000 }));
  tell("all in one page", [whole.length, names(whole[0]).length, whole.at(-1).continuationToken || null]);
}

async function createOnly() {
  const pieces = { blockSize: 64 * KIB, maxSingleShotSize: 64 * KIB };
  const conditions = { ifNoneMatch: "*" };
  for (const [how, size] of [["at once", 10_000], ["in blocks", 200_000]]) {
    const blob = blobOf(`${flavour}/${how}`);
    const write = async (rival) => {
      try {
        await blob.uploadData(content(size, 300 + rival), { ...pieces, conditions });
        return true;
      } catch (error) {
        if (error.statusCode === 409) return false;
        throw error;
      }
    };
    const won = await Promise.all([...Array(RIVALS).keys()].map(write));
    tell(`winners ${how}`, won.filter(Boolean).length);
    const winner = content(size, 300 + Math.max(won.indexOf(true), 0));
    tell(`the winner's bytes ${how}`, said(await read(blob)) === said(winner));
    await refused(`one more ${how}`, () => blob.upload("late", 4, { conditions }));
    await blob.upload("replaced", 8);
    tell(`replaced ${how}`, String(await read(blob)));
  }
}

async function lease() {
  const blob = blobOf(`${flavour}/leased`);
  const state = async () => {
    const { leaseState, leaseStatus, leaseDuration } = await blob.getProperties();
    return [leaseState, leaseStatus, leaseDuration ?? null];
  };
  const under = (leaseId) => ({ conditions: { leaseId } });
  await blob.upload("first", 5);
  const held = blob.getBlobLeaseClient();
  const { leaseId } = await held.acquireLease(60);
  tell("id", leaseId.length);
  tell("state", await state());
  await refused("a second lease", () => blob.getBlobLeaseClient().acquireLease(60));
  await refused("write without it", () => blob.upload("no", 2));
  await refused("delete without it", () => blob.delete());
  await refused("metadata without it", () => blob.setMetadata({ a: "b" }));
  const other = randomUUID();
  await refused("write with another", () => blob.upload("no", 2, under(other)));
  tell("read without it", String(await read(blob)));
  await blob.upload("second", 6, under(leaseId));
  tell("written with it", String(await read(blob)));
  await held.renewLease();
  await held.changeLease(other);
  tell("changed", [held.leaseId === other, leaseId !== other]);
  await refused("write with the old one", () => blob.upload("no", 2, under(leaseId)));
  await blob.upload("third", 5, under(other));
  const left = (await held.breakLease(0)).leaseTime;
  tell("broken", [left, await state()]);
  await blob.upload("fourth", 6);
  const again = blob.getBlobLeaseClient();
  await again.acquireLease(-1);
  tell("for ever", await state());
  await again.releaseLease();
  tell("released", await state());
  await blob.delete();
  tell("deleted", await blob.exists());
}

async function refusals() {
  const blob = blobOf(`${flavour}/there`);
  await blob.upload("there", 5, { metadata: { kept: "yes" } });
  const conditions = { ifMatch: '"0x8D0000000000000"' };
  const block = Buffer.from("none").toString("base64");
  await refused("a stale read", () => read(blob, 0, undefined, conditions));
  await refused("a stale write", () => blob.upload("no", 2, { conditions }));
  await refused("stale metadata", () => blob.setMetadata({ a: "b" }, { conditions }));
  await refused("a stale commit", () => blob.commitBlockList([], { conditions }));
  await refused("blocks that nobody staged", () => blob.commitBlockList([block]));
  await refused("a range behind the end", () => blob.download(100, 1));
  await refused("an append to a block blob", () =>
    container().getAppendBlobClient(`${flavour}/there`).appendBlock("x", 1));
  await refused("a snapshot that is none", () => blob.withSnapshot("2020-01-01T00:00:00.0000000Z").getProperties());
  await refused("a read of nothing", () => blobOf("none").download());
  await refused("a list of nothing", () => all(container(`${request.container}-none`).listBlobsFlat()));
  tell("bytes", String(await read(blob)));
  tell("metadata", (await blob.getProperties()).metadata);
}

const SCENARIOS = { tuned, resume, walk, pages, "create-only": createOnly, lease, refusals };

try {
  await SCENARIOS[request.scenario]();
} catch (error) {
  const where = (error.stack ?? "").split("\n").find((line) => line.includes("azure_storage_js_use")) ?? "";
  tell("raised", `${error.name}: ${error.message.split("\n")[0]} (${where.trim()})`.slice(0, 500));
}
