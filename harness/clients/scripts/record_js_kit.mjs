// What the scenarios of the Azure Storage SDK for JavaScript have in common.
//
// Whatever a scenario sends must be the same each time: nothing is tried again, nothing depends on the clock.

import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

export const KIB = 1024;

/** The SDK with the one credential that it was given. */
export class Client {
  constructor(sdk, request) {
    this.sdk = sdk;
    this.request = request;
    const token = { getToken: async () => ({ token: request.token, expiresOnTimestamp: Date.now() + 3600e3 }) };
    const credential = request.key
      ? new sdk.StorageSharedKeyCredential(request.account, request.key)
      : request.token
        ? token
        : new sdk.AnonymousCredential();
    const root = request.sas ? `${request.url}?${request.sas}` : request.url;
    this.service = new sdk.BlobServiceClient(root, credential, { retryOptions: { maxTries: 1 } });
  }

  /** A client of a container. */
  contents(container) {
    return this.service.getContainerClient(container);
  }

  /** A client of a block blob. */
  blob(container, name) {
    return this.contents(container).getBlockBlobClient(name);
  }

  /** The address of a blob as a copy source that anybody may read who has it. */
  readable(blob) {
    return `${blob.url.split("?")[0]}?${this.request.source_sas}`;
  }
}

/** All that a stream yields, as one buffer. */
export async function gather(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The bytes of a blob, or of a part of it. */
export async function read(blob, offset, count) {
  return gather((await blob.download(offset, count)).readableStreamBody);
}

/** Throw unless the two are equal; bytes are told by their digest. */
export function check(what, expected, observed) {
  const same = Buffer.isBuffer(expected)
    ? Buffer.isBuffer(observed) && expected.equals(observed)
    : isDeepStrictEqual(expected, observed);
  if (!same) throw new Error(`${what}: ${shown(expected)} expected, got ${shown(observed)}`);
}

/** Check that a call is refused with this status and error code. */
export async function refused(what, status, code, call) {
  let got = "no refusal";
  try {
    await call();
  } catch (error) {
    if (error.statusCode === undefined) throw error;
    got = `${error.statusCode} ${error.code ?? error.details?.errorCode}`;
  }
  check(what, `${status} ${code}`, got);
}

function shown(value) {
  if (!Buffer.isBuffer(value)) return JSON.stringify(value);
  return `${value.length} bytes, sha256 ${createHash("sha256").update(value).digest("hex")}`;
}
