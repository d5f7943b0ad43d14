// Scenarios of a recording: what the Azure Storage SDK for JavaScript sets on containers and blobs, and removes.

import { check, read, refused } from "./record_js_kit.mjs";

/** A container is made, found to be there, described and removed. */
export async function containerLife(client, container) {
  const contents = client.contents(container);
  await contents.create({ metadata: { team: "storage" } });
  check("made a second time", false, (await contents.createIfNotExists()).succeeded);
  await contents.setMetadata({ team: "compute" });
  check("metadata", { team: "compute" }, (await contents.getProperties()).metadata);
  await contents.delete();
  check("the container exists", false, await contents.exists());
}

/** Metadata, HTTP headers, tags and tier of a blob, each replaced. */
export async function properties(client, container) {
  const blob = client.blob(container, "described.txt");
  await blob.setMetadata({ colour: "blue" });
  await blob.setHTTPHeaders({ blobContentType: "text/csv", blobContentLanguage: "de" });
  await blob.setTags({ stage: "done", team: "a b" });
  await blob.setAccessTier("Cool");
  const found = await blob.getProperties();
  check("metadata", { colour: "blue" }, found.metadata);
  check("content type", "text/csv", found.contentType);
  check("content language", "de", found.contentLanguage);
  check("tier", "Cool", found.accessTier);
  check("tags", { stage: "done", team: "a b" }, (await blob.getTags()).tags);
}

/** Who holds the lease writes; who does not is refused; after the release everybody writes again. */
export async function lease(client, container) {
  const blob = client.blob(container, "locked.txt");
  const held = blob.getBlobLeaseClient();
  const conditions = { leaseId: (await held.acquireLease(60)).leaseId };
  await refused("a write without the lease", 412, "LeaseIdMissing", () => blob.upload("without", 7));
  await blob.upload("with", 4, { conditions });
  await held.renewLease();
  check("lease state", "leased", (await blob.getProperties()).leaseState);
  await held.releaseLease();
  await blob.upload("free again", 10);
  check("the blob", Buffer.from("free again"), await read(blob));
}

/** A snapshot keeps the old words, and is removed with its blob. */
export async function snapshots(client, container) {
  const blob = client.blob(container, "kept.txt");
  const taken = (await blob.createSnapshot()).snapshot;
  await blob.upload("new words", 9);
  check("the snapshot", Buffer.from("old words"), await read(blob.withSnapshot(taken)));
  await refused("a removal of the blob alone", 409, "SnapshotsPresent", () => blob.delete());
  await blob.delete({ deleteSnapshots: "include" });
  check("the blob exists", false, await blob.exists());
}

/** Three blobs and one that is not there, removed with one request to their container. */
export async function batchDelete(client, container) {
  await removeAll(client, container, client.contents(container).getBlobBatchClient());
}

/** The same with a request to the whole service. In path style the SDK takes the account for a container. */
export async function batchDeleteService(client, container) {
  await removeAll(client, container, client.service.getBlobBatchClient());
}

async function removeAll(client, container, batch) {
  const names = ["a.txt", "b/c d.txt", "gone.txt", "e.txt"];
  const done = await batch.deleteBlobs(names.map((name) => client.blob(container, name)));
  check("statuses", [202, 202, 404, 202], done.subResponses.map((part) => part.status));
  check("what went well", 3, done.subResponsesSucceededCount);
}

/** What any job does, whoever signed for it: write, look, list, read, remove. */
export async function session(client, container) {
  const blob = client.blob(container, "job/state.json");
  await blob.upload('{"step": 1}', 11);
  check("size", 11, (await blob.getProperties()).contentLength);
  const names = [];
  for await (const item of client.contents(container).listBlobsFlat({ prefix: "job/" })) names.push(item.name);
  check("names", ["job/state.json"], names);
  check("the blob", Buffer.from('{"step": 1}'), await read(blob));
  await blob.delete();
}
