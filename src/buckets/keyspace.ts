/** The plain Keyspace: one bucket on a MetaStore and a BlobStore. */

import { S3Error } from '../model/errors.ts'
import type {
  BucketInfo,
  CopyRequest,
  DeleteRequest,
  Keyspace,
  PartCopyRequest,
  PartRequest,
  PutRequest,
  Tag,
  UploadRef,
  UploadRequest,
  VersionRef,
} from '../ports/keyspace.ts'
import type { Grant } from '../rules/acl.ts'
import { setAcl, setTags } from './amend.ts'
import { abort, complete } from './complete.ts'
import { copyForeign, copyShared } from './copy.ts'
import type { Core, Space } from './core.ts'
import { remove, rename } from './delete.ts'
import { list, listUploads, listVersions } from './list.ts'
import { put } from './put.ts'
import { head, open } from './read.ts'
import { copyPart, createUpload, listParts, putPart } from './uploads.ts'

type Requests = { [M in Exclude<keyof Keyspace, 'bucket'>]: Parameters<Keyspace[M]>[0] }

export class PlainKeyspace implements Keyspace, Space {
  readonly core: Core
  readonly #find: (volume: string, name: string) => Promise<BucketInfo>
  #bucket: BucketInfo

  /** `find` looks the bucket up again when a write finds that it changed. */
  constructor(
    core: Core,
    bucket: BucketInfo,
    find: (volume: string, name: string) => Promise<BucketInfo>,
  ) {
    this.core = core
    this.#bucket = bucket
    this.#find = find
  }

  get bucket(): BucketInfo {
    return this.#bucket
  }

  async refresh(): Promise<void> {
    const { id, volume, name } = this.#bucket
    const found = await this.#find(volume, name)
    if (found.id !== id) throw noSuchBucket(name)
    this.#bucket = found
  }

  head(ref: VersionRef) {
    return head(this, ref)
  }
  open(ref: VersionRef) {
    return open(this, ref)
  }
  put(request: PutRequest) {
    return put(this, request)
  }
  delete(request: DeleteRequest) {
    return remove(this, request)
  }
  copy(request: CopyRequest) {
    const source = this.#shared(request.source)
    return source === undefined ? copyForeign(this, request) : copyShared(this, source, request)
  }
  rename(request: Requests['rename']) {
    return rename(this, request)
  }
  setTags(ref: VersionRef, tags: readonly Tag[]) {
    return setTags(this, ref, tags)
  }

  setAcl(ref: VersionRef, acl: readonly Grant[] | undefined) {
    return setAcl(this, ref, acl)
  }
  list(request: Requests['list']) {
    return list(this, request)
  }
  listVersions(request: Requests['listVersions']) {
    return listVersions(this, request)
  }
  createUpload(request: UploadRequest) {
    return createUpload(this, request)
  }
  putPart(request: PartRequest) {
    return putPart(this, request)
  }
  copyPart(request: PartCopyRequest) {
    return copyPart(this, this.#shared(request.source), request)
  }
  complete(request: Requests['complete']) {
    return complete(this, request)
  }
  abort(ref: UploadRef) {
    return abort(this, ref)
  }
  listParts(request: Requests['listParts']) {
    return listParts(this, request)
  }
  listUploads(request: Requests['listUploads']) {
    return listUploads(this, request)
  }

  /** A source on the same stores shares its bytes. */
  #shared(source: Keyspace): Space | undefined {
    return source instanceof PlainKeyspace && source.core === this.core ? source : undefined
  }
}

export function noSuchBucket(name: string): S3Error {
  return new S3Error('NoSuchBucket', { BucketName: name })
}
