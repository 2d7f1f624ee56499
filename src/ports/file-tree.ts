/** A FileTree: plain files in folders, as people and other programs keep them; what a bucket is exported to and imported from. */
import type { ByteRange, ByteSource } from './blob-store.ts'

/** Names of folders and, last, of the file; each is one name, never `.`, `..` or empty. */
export type TreePath = readonly string[]

export interface TreeFile {
  readonly path: TreePath
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modified: number
}

/** Something in the tree that is no file whose name is text. */
export interface TreeOddity {
  readonly shown: string
  readonly why: string
  /** A symbolic link, which nothing follows. */
  readonly isLink: boolean
}

/** A file that was made and waits for its bytes. */
export interface NewFile {
  /** Where it is: a folder of the path has {@link folderMark} behind its name where a file has that name already. */
  readonly path: TreePath
  /** To be called once. When the source fails the file goes, and the error is thrown on. */
  write(source: ByteSource, modified: number): Promise<void>
}

export interface Journal {
  append(text: string): Promise<void>
  close(): Promise<void>
}

/** Behind the name of a folder that has the name of a file beside it. */
export const folderMark = '%2F'

/** Every call rejects with the system's error. Nothing follows a symbolic link, and nothing leaves the tree. */
export interface FileTree {
  /**
   * Undefined where the name is taken or the file system cannot have it. With `replace` a file that has exactly that name
   * makes way, but never one that differs in it (as to a file system that knows no capitals).
   */
  create(path: TreePath, replace?: boolean): Promise<NewFile | undefined>
  /**
   * A file that is written bit by bit, durable when it is closed. It must not be there yet, unless `kept` is given: then
   * it goes on after so many of its bytes, and what it has beyond them is gone.
   */
  journal(name: string, kept?: number): Promise<Journal>
  /** Facts of a regular file; undefined where none is. */
  find(path: TreePath): Promise<TreeFile | undefined>
  /** Chunks are valid only until the next is asked for. */
  read(path: TreePath, range?: ByteRange): AsyncIterable<Uint8Array>
  /** Every file, in no order. */
  list(): AsyncIterable<TreeFile | TreeOddity>
  /** Whether there is nothing in it. */
  isEmpty(): Promise<boolean>
}

/** A path that would lead out of the tree, or that is none. */
export class UnsafePath extends Error {
  override readonly name = 'UnsafePath'
  constructor(path: TreePath) {
    super(`${JSON.stringify(path.join('/'))} is not a path within the folder`)
  }
}
