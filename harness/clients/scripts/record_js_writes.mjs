// Scenarios of a recording: how the Azure Storage SDK for JavaScript writes and copies blobs.

import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { KIB, check, read, refused } from "./record_js_kit.mjs";

/** Makes the SDK split a file of a few MiB, as it splits one of 256 MiB and more by itself. */
const SPLIT = { maxSingleShotSize: 64 * KIB, blockSize: 256 * KIB, concurrency: 4 };

/** One request: a buffer with properties, metadata and tags; then made a second time on one condition. */
export async function putSmall(client, container) {
  const blob = client.blob(container, "small.txt");
  await blob.uploadData(Buffer.from("the first words"), {
    blobHTTPHeaders: { blobContentType: "text/plain", blobCacheControl: "no-cache" },
    metadata: { origin: "blobproof" },
    tags: { stage: "raw" },
  });
  await refused("a second creation", 409, "BlobAlreadyExists", () =>
    blob.upload("never kept", 10, { conditions: { ifNoneMatch: "*" } }));
  const found = await blob.getProperties();
  check("type", "text/plain", found.contentType);
  check("metadata", { origin: "blobproof" }, found.metadata);
  check("number of tags", 1, found.tagCount);
  check("the blob", Buffer.from("the first words"), await read(blob));
}

/** A buffer in blocks, four at once, then their list. */
export async function uploadBlocks(client, container, path) {
  const blob = client.blob(container, "folder/large.bin");
  await blob.uploadData(readFileSync(path), { ...SPLIT, metadata: { origin: "blobproof" } });
  check("size", readFileSync(path).length, (await blob.getProperties()).contentLength);
}

/** A file in blocks, four at once, created only if it is not there. */
export async function uploadFile(client, container, path) {
  const blob = client.blob(container, "file.bin");
  const once = { ...SPLIT, conditions: { ifNoneMatch: "*" } };
  await blob.uploadFile(path, once);
  await refused("a second creation", 409, "BlobAlreadyExists", () => blob.uploadFile(path, once));
  check("the blob", readFileSync(path), await read(blob));
}

/** A stream of unknown length, in blocks, two at once. */
export async function uploadStream(client, container, path) {
  const data = readFileSync(path);
  const pieces = [data.subarray(0, 100), data.subarray(100, 150_000), data.subarray(150_000)];
  const blob = client.blob(container, "stream.bin");
  await blob.uploadStream(Readable.from(pieces), 64 * KIB, 2);
  check("the blob", data, await read(blob));
}

/** Blocks by hand: staged, listed, committed in another order; a list with an unknown one is refused. */
export async function stagedBlocks(client, container, path) {
  const data = readFileSync(path);
  const half = Math.floor(data.length / 2);
  const ids = ["part-0", "part-1"].map((name) => Buffer.from(name).toString("base64"));
  const blob = client.blob(container, "assembled.bin");
  await blob.stageBlock(ids[0], data.subarray(0, half), half);
  await blob.stageBlock(ids[1], data.subarray(half), data.length - half);
  const list = await blob.getBlockList("all");
  check("staged blocks", [half, data.length - half], list.uncommittedBlocks.map((block) => block.size));
  await blob.commitBlockList([ids[1], ids[0]]);
  await refused("a list with an unknown block", 400, "InvalidBlockList", () =>
    blob.commitBlockList([Buffer.from("part-7").toString("base64")]));
  check("the blob", Buffer.concat([data.subarray(half), data.subarray(0, half)]), await read(blob));
}

/** A writer with a stale ETag is refused, one with the right ETag is not. */
export async function conditionalWrites(client, container) {
  const blob = client.blob(container, "shared.txt");
  const stale = (await blob.getProperties()).etag;
  const fresh = (await blob.upload("somebody else's words", 21)).etag;
  await refused("an overwrite with a stale ETag", 412, "ConditionNotMet", () =>
    blob.upload("lost update", 11, { conditions: { ifMatch: stale } }));
  await refused("a deletion with a stale ETag", 412, "ConditionNotMet", () =>
    blob.delete({ conditions: { ifMatch: stale } }));
  await blob.upload("the winner's words", 18, { conditions: { ifMatch: fresh } });
  check("the blob", Buffer.from("the winner's words"), await read(blob));
}

/** Blocks appended at a stated position; one at a position that is past is refused. */
export async function append(client, container) {
  const blob = client.contents(container).getAppendBlobClient("log.txt");
  await blob.create({ metadata: { kind: "log" } });
  await blob.appendBlock("first line\n", 11, { conditions: { appendPosition: 0 } });
  const done = await blob.appendBlock("second line\n", 12, { conditions: { appendPosition: 11 } });
  check("offset", "11", done.blobAppendOffset);
  await refused("a block at a position that is past", 412, "AppendPositionConditionNotMet", () =>
    blob.appendBlock("second line\n", 12, { conditions: { appendPosition: 11 } }));
  check("the blob", Buffer.from("first line\nsecond line\n"), await read(blob));
}

/** Copy Blob, polled until it is done. */
export async function copyPolled(client, container, path) {
  const source = client.blob(container, "source.bin");
  const target = client.blob(container, "copies/target.bin");
  const address = client.request.key ? source.url : client.readable(source);
  const poller = await target.beginCopyFromURL(address, { intervalInMs: 100 });
  const done = await poller.pollUntilDone();
  check("the copy's end", "success", done.copyStatus);
  check("the copy", readFileSync(path), await read(target));
}

/** Copy Blob From URL: done when it is answered. */
export async function copySync(client, container, path) {
  const source = client.blob(container, "source.bin");
  const target = client.blob(container, "target.bin");
  const done = await target.syncCopyFromURL(client.readable(source));
  check("the copy's end", "success", done.copyStatus);
  check("the copy", readFileSync(path), await read(target));
}

/** Put Blob From URL: a new blob out of another one, then refused because it is there. */
export async function putFromUrl(client, container, path) {
  const source = client.readable(client.blob(container, "source.bin"));
  const target = client.blob(container, "target.bin");
  const once = { conditions: { ifNoneMatch: "*" } };
  await target.syncUploadFromURL(source, once);
  await refused("a second creation", 409, "BlobAlreadyExists", () => target.syncUploadFromURL(source, once));
  check("the copy", readFileSync(path), await read(target));
}

/** Put Block From URL: two parts of another blob in the other order, then their list. */
export async function blocksFromUrl(client, container, path) {
  const data = readFileSync(path);
  const half = Math.floor(data.length / 2);
  const ids = ["part-0", "part-1"].map((name) => Buffer.from(name).toString("base64"));
  const source = client.readable(client.blob(container, "source.bin"));
  const target = client.blob(container, "target.bin");
  await target.stageBlockFromURL(ids[0], source, 0, half);
  await target.stageBlockFromURL(ids[1], source, half, data.length - half);
  await target.commitBlockList([ids[1], ids[0]]);
  check("the copy", Buffer.concat([data.subarray(half), data.subarray(0, half)]), await read(target));
}
