// Scenarios of a recording: how the Azure Storage SDK for JavaScript reads and lists.

import { readFileSync } from "node:fs";
import { KIB, check, gather, read, refused } from "./record_js_kit.mjs";

/** A whole blob in one stream, a part of it, an empty one; and only if it has changed. */
export async function download(client, container, path) {
  const data = readFileSync(path);
  const blob = client.blob(container, "small.bin");
  const answer = await blob.download();
  check("the blob", data, await gather(answer.readableStreamBody));
  check("a part", data.subarray(100, 300), await read(blob, 100, 200));
  check("the empty blob", Buffer.alloc(0), await read(client.blob(container, "empty.bin")));
  await refused("a blob that has not changed", 304, "ConditionNotMet", () =>
    blob.download(0, undefined, { conditions: { ifNoneMatch: answer.etag } }));
}

/** A blob into a buffer, range by range, four at once. */
export async function downloadToBuffer(client, container, path) {
  const blob = client.blob(container, "large.bin");
  const got = await blob.downloadToBuffer(0, undefined, { blockSize: 256 * KIB, concurrency: 4 });
  check("the blob", readFileSync(path), got);
}

/** Flat, three names a page, each page with the marker of the one before; then by prefix, with metadata. */
export async function listPages(client, container) {
  const contents = client.contents(container);
  const pages = [];
  for await (const page of contents.listBlobsFlat().byPage({ maxPageSize: 3 })) {
    pages.push(page.segment.blobItems.map((item) => item.name));
  }
  const wanted = [["a/1.txt", "a/2.txt", "b/1.txt"], ["b/c/1.txt", "b/c/2.txt", "d.txt"], ["e f.txt"]];
  check("pages", wanted, pages);
  const few = [];
  for await (const item of contents.listBlobsFlat({ prefix: "b/", includeMetadata: true, includeTags: true })) {
    few.push([item.name, item.metadata || {}, item.tags || {}]);
  }
  const described = [["b/1.txt", { colour: "blue" }, {}], ["b/c/1.txt", {}, { stage: "raw" }], ["b/c/2.txt", {}, {}]];
  check("what begins with b/", described, few);
}

/** One level at a time with a delimiter, two names a page. */
export async function listHierarchy(client, container) {
  const pages = [];
  for await (const page of client.contents(container).listBlobsByHierarchy("/").byPage({ maxPageSize: 2 })) {
    const folders = (page.segment.blobPrefixes ?? []).map((prefix) => prefix.name);
    pages.push([folders, page.segment.blobItems.map((item) => item.name)]);
  }
  check("pages", [[["a/", "b/"], []], [[], ["d.txt", "e f.txt"]]], pages);
}

/** Whatever is asked of a blob or a container that is not there is answered with 404 and its own code. */
export async function missing(client, container, noContainer) {
  const blob = client.blob(container, "nowhere.txt");
  await refused("a read", 404, "BlobNotFound", () => blob.download());
  await refused("its properties", 404, "BlobNotFound", () => blob.getProperties());
  check("the blob exists", false, await blob.exists());
  check("its removal", false, (await blob.deleteIfExists()).succeeded);
  check("the container exists", false, await client.contents(noContainer).exists());
  await refused("a write in no container", 404, "ContainerNotFound", () =>
    client.blob(noContainer, "nowhere.txt").upload("x", 1));
}
